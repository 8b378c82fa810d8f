/** The token endpoint as a broker uses it: nonce, code, PRT, renewal, access tokens, and single sign-on by the PRT. */
import { createHash, sign } from 'node:crypto';
import type { Device } from './device.ts';
import { contentType, type Flavour, form } from './flavour.ts';
import { openAsRep, type Tgt } from './kerberos.ts';
import type { Net, Reply } from './net.ts';
import { type AuthorizeRequest, codeOf } from './page.ts';
import type { SecurityKey } from './security-key.ts';
import { opened, receivedSessionKey, signed } from './session.ts';

export const BROKER = '29d9ed98-a469-4536-ade2-f981bc1d605e';
const WINDOWS = '38aa3b87-a06d-4817-b275-7a316988d93b';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const BROKER_REDIRECT = `ms-appx-web://Microsoft.AAD.BrokerPlugin/${BROKER}`;

/** What a refusal looks like: plain JSON, whatever the request was. */
export class Refusal extends Error {
  readonly status: number;
  readonly answer: { error: string; error_description: string; error_codes: number[]; suberror?: string };
  constructor({ status, text }: Reply) {
    super(`${status} ${text}`);
    this.status = status;
    this.answer = JSON.parse(text);
  }
}

export interface Prt {
  token: string;
  sessionKey: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: the answer, as a client takes it
  answer: any;
}

export class Broker {
  readonly #net: Net;
  readonly #authority: string;
  readonly #flavour: Flavour;

  constructor(net: Net, authority: string, flavour: Flavour) {
    this.#net = net;
    this.#authority = authority;
    this.#flavour = flavour;
  }

  async #token(body: string, path = '/oauth2/token'): Promise<Reply> {
    const headers = contentType(this.#flavour);
    const reply = await this.#net.send('POST', `${this.#authority}${path}`, { headers, body });
    if (reply.status !== 200) throw new Refusal(reply);
    return reply;
  }

  async nonce(): Promise<string> {
    const { text } = await this.#token(`grant_type=srv_challenge${this.#flavour.nonceExtra}`);
    return JSON.parse(text).Nonce;
  }

  async tokensByCode(code: string, { client_id, redirect_uri, resource }: AuthorizeRequest) {
    const fields = {
      grant_type: 'authorization_code',
      code,
      client_id,
      redirect_uri,
      ...(resource && { resource }),
    };
    return JSON.parse((await this.#token(new URLSearchParams(fields).toString())).text);
  }

  /** The JWS of a device: RS256 under the key of its certificate. */
  #deviceSigned({ certificate, key }: Device, payload: object): string {
    const { base64, kdf, x5c } = this.#flavour;
    const der = certificate.raw.toString('base64');
    const header = {
      alg: 'RS256',
      typ: 'JWT',
      x5c: x5c === 'array' ? [der] : der,
      ...(kdf === 2 && { kdf_ver: 2 }),
    };
    const text = [header, payload]
      .map((part) => Buffer.from(JSON.stringify(part)).toString(base64))
      .join('.');
    return `${text}.${sign('sha256', Buffer.from(text), key).toString(base64)}`;
  }

  #request(request: string, more: Record<string, string> = {}): string {
    const { tgt } = this.#flavour;
    const fields = {
      windows_api_version: '2.0',
      grant_type: JWT_BEARER,
      request,
      client_info: '1',
      ...(tgt && { tgt }),
      ...more,
    };
    return form(fields, this.#flavour);
  }

  async #prt(device: Device, grant: object): Promise<Prt> {
    const payload = {
      client_id: WINDOWS,
      request_nonce: await this.nonce(),
      scope: 'openid aza ugs',
      win_ver: '10.0.19041.868',
      ...this.#claims(),
      ...grant,
    };
    const { text } = await this.#token(this.#request(this.#deviceSigned(device, payload)));
    const answer = JSON.parse(text);
    const sessionKey = receivedSessionKey(device.transportKey, answer.session_key_jwe);
    return { token: answer.refresh_token, sessionKey, answer };
  }

  /** The claims of ours that a client of this flavour has. */
  #claims() {
    const { content, tgt } = this.#flavour;
    return {
      ...(content === 'GCM' && { session_key_enc: 'A256GCM' }),
      ...(tgt === undefined && { tgt: 'true' }),
    };
  }

  prtByRefreshToken(device: Device, refresh_token: string): Promise<Prt> {
    return this.#prt(device, { grant_type: 'refresh_token', refresh_token });
  }

  /** A FIDO2 assertion in the request, bound to the nonce and to the device's certificate. */
  async prtByKey(device: Device, key: SecurityKey): Promise<Prt> {
    const nonce = await this.nonce();
    const challenge = createHash('sha256')
      .update('kennel prt fido2 v1\0')
      .update(nonce)
      .update(createHash('sha256').update(device.certificate.raw).digest())
      .digest();
    return this.#prt(device, {
      grant_type: JWT_BEARER,
      assertion: key.assert(challenge),
      ...(this.#flavour.nonces === 1 ? { request_nonce: nonce } : { assertion_nonce: nonce }),
    });
  }

  /** The tickets of an answer, opened with the client key that is under the session key. */
  ticket({ sessionKey, answer }: Prt): { documented: Tgt; asString: Tgt; realm: string } {
    const ad = JSON.parse(answer.tgt_ad);
    const documented = openAsRep(
      answer.tgt_message_buffer,
      opened(sessionKey, answer.tgt_client_key, this.#flavour),
    );
    const asString = openAsRep(ad.messageBuffer, opened(sessionKey, ad.clientKey, this.#flavour));
    return { documented, asString, realm: ad.realm };
  }

  /** Signed under the session key, answered by one JWE. `scope` with `aza` renews, else it is a token. */
  async use(prt: Prt, wanted: { scope: string; resource?: string; client_id?: string }) {
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      client_id: BROKER,
      request_nonce: await this.nonce(),
      refresh_token: prt.token,
      grant_type: 'refresh_token',
      iss: 'aad:brokerplugin',
      aud: 'login.microsoftonline.com',
      iat: String(now),
      exp: String(now + 3600),
      redirect_uri: BROKER_REDIRECT,
      ...this.#claims(),
      ...wanted,
    };
    const { text } = await this.#token(this.#request(signed(prt.sessionKey, payload, this.#flavour)));
    return JSON.parse(opened(prt.sessionKey, text, this.#flavour).toString());
  }

  async renew(prt: Prt): Promise<Prt> {
    const answer = await this.use(prt, { scope: 'openid aza ugs' });
    return { token: answer.refresh_token, sessionKey: prt.sessionKey, answer };
  }

  /** The value of the cookie or header `x-ms-RefreshTokenCredential`. */
  credential(prt: Prt, nonce: string): string {
    const payload = { refresh_token: prt.token, is_primary: 'true', request_nonce: nonce };
    return signed(prt.sessionKey, payload, this.#flavour);
  }

  /** `x-ms-DeviceCredential`, as one client sends it beside. */
  deviceCredential(device: Device, nonce: string): string {
    return this.#deviceSigned(device, {
      grant_type: 'device_auth',
      iss: 'aad:brokerplugin',
      request_nonce: nonce,
    });
  }

  /** A code for a web page through the PRT, with no question to anybody. */
  authorize(
    request: AuthorizeRequest,
    headers: Record<string, string>,
    nonce: string,
    path = '/oauth2/authorize',
  ): Promise<Reply> {
    const query = new URLSearchParams({ response_type: 'code', sso_nonce: nonce, ...request });
    return this.#net.send('GET', `${this.#authority}${path}?${query}`, { headers });
  }

  async codeByCredential(...given: Parameters<Broker['authorize']>): Promise<string> {
    return codeOf(await this.authorize(...given));
  }
}
