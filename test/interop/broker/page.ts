/** Drives the sign-in page without a browser: `$Config`, GetCredentialType, the FIDO page, the answer's code. */
import type { Net, Reply } from './net.ts';
import type { SecurityKey } from './security-key.ts';

// biome-ignore lint/suspicious/noExplicitAny: a page's data, as a client takes it
export type Config = Record<string, any>;

/** The data between `//<![CDATA[` and `//]]>`. */
export function configOf({ text }: Reply): Config {
  const [, json] = /\/\/<!\[CDATA\[\n\$Config=(\{.*\});\n\/\/\]\]>/s.exec(text) ?? [];
  if (json === undefined) throw new Error(`a page without $Config: ${text.slice(0, 200)}`);
  return JSON.parse(json);
}

export interface AuthorizeRequest {
  client_id: string;
  redirect_uri: string;
  resource?: string;
  scope?: string;
}

export class SignInPage {
  readonly #net: Net;
  readonly #authority: string;
  readonly #cookies = new Map<string, string>();

  constructor(net: Net, authority: string) {
    this.#net = net;
    this.#authority = authority;
  }

  async #send(method: string, url: string, headers: Record<string, string> = {}, body?: string) {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ');
    const reply = await this.#net.send(method, url, {
      headers: { ...headers, ...(cookie === '' ? {} : { cookie }) },
      ...(body === undefined ? {} : { body }),
    });
    for (const line of [reply.headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    return reply;
  }

  #form(url: string, fields: Record<string, string>) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#send('POST', url, headers, new URLSearchParams(fields).toString());
  }

  async open(request: AuthorizeRequest): Promise<Config> {
    const query = new URLSearchParams({ response_type: 'code', response_mode: 'query', ...request });
    return configOf(await this.#send('GET', `${this.#authority}/oauth2/authorize?${query}`));
  }

  async credentialType(page: Config, username: string) {
    const { status, text } = await this.#send(
      'POST',
      page.urlGetCredentialType,
      { 'content-type': 'application/json; charset=UTF-8', canary: page.apiCanary ?? '' },
      JSON.stringify({
        username,
        isOtherIdpSupported: true,
        checkPhones: false,
        isRemoteNGCSupported: true,
        isCookieBannerShown: false,
        isFidoSupported: true,
        originalRequest: page.sCtx,
        country: '',
        forceotclogin: false,
        isExternalFederationDisallowed: false,
        isRemoteConnectSupported: false,
        federationFlags: 0,
        isSignup: false,
        flowToken: page.sFT,
        isAccessPassSupported: true,
      }),
    );
    if (status !== 200) throw new Error(`credential type: ${status} ${text}`);
    return JSON.parse(text);
  }

  /** From the first page to a code by a security key; the challenge is the ASCII octets of the nonce. */
  async codeByKey(request: AuthorizeRequest, username: string, key: SecurityKey): Promise<string> {
    const first = await this.open(request);
    const { FlowToken, Credentials } = await this.credentialType(first, username);
    if (!Credentials.HasFido) throw new Error('no key there');
    const fido = configOf(
      await this.#form(first.urlFidoLogin, {
        allowedIdentities: '2',
        canary: first.sFT,
        ServerChallenge: FlowToken ?? first.sFT,
        postBackUrl: first.urlPost,
        postBackUrlAad: first.urlPost,
        cancelUrl: first.urlPost,
        resumeUrl: first.urlPost,
        correlationId: first.correlationId ?? '',
        credentialsJson: Credentials.FidoParams.AllowList.join(','),
        ctx: first.sCtx,
        username,
        loginCanary: first.canary,
        flowToken: FlowToken ?? first.sFT,
      }),
    );
    const done = await this.#form(first.urlPost, {
      type: '23',
      ps: '23',
      assertion: key.assert(Buffer.from(fido.sFidoChallenge, 'ascii')),
      lmcCanary: fido.sCrossDomainCanary,
      hpgrequestid: fido.sessionId,
      ctx: first.sCtx,
      canary: first.canary,
      flowToken: FlowToken ?? first.sFT,
    });
    return codeOf(done);
  }

  /** By a Temporary Access Pass, on the same page. */
  async codeByPass(request: AuthorizeRequest, username: string, pass: string): Promise<string> {
    const first = await this.open(request);
    const { FlowToken, Credentials } = await this.credentialType(first, username);
    if (!Credentials.HasAccessPass) throw new Error('no pass there');
    const done = await this.#form(first.urlPost, {
      login: username,
      loginfmt: username,
      accesspass: pass,
      canary: first.canary,
      hpgrequestid: first.sessionId,
      flowToken: FlowToken ?? first.sFT,
      ctx: first.sCtx,
    });
    return codeOf(done);
  }
}

export function codeOf({ status, headers, text }: Reply): string {
  const location = String(headers.location ?? '');
  const code = status === 302 ? new URL(location).searchParams.get('code') : null;
  if (code === null) throw new Error(`no code: ${status} ${location} ${text.slice(0, 300)}`);
  return code;
}
