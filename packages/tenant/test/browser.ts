/** A program that drives the sign-in page as brokers do: keeps cookies, reads `$Config`, follows nothing by itself. */
import { assertionChallenge } from '@kennel/prt';
import type { AssertionFaults, TestKey } from './authenticator.ts';
import type { Answer, World } from './world.ts';

export const BROKER_REDIRECT =
  'ms-appx-web://Microsoft.AAD.BrokerPlugin/29d9ed98-a469-4536-ade2-f981bc1d605e';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

export class TestBrowser {
  readonly #world: World;
  readonly cookies = new Map<string, string>();
  /** Everything that was set, attributes included. */
  readonly setCookies: string[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  async send(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const at = path.startsWith(this.#world.url) ? path.slice(this.#world.url.length) : path;
    const answer = await this.#world.send(method, at, body, { ...(cookie && { cookie }), ...headers });
    const set = answer.headers['set-cookie'] ?? [];
    for (const line of Array.isArray(set) ? set : [set]) {
      this.setCookies.push(line);
      const [pair = ''] = line.split(';');
      const [name = '', value = ''] = pair.split('=');
      if (/Max-Age=0/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  get = (path: string) => this.send('GET', path);
  form = (path: string, fields: Record<string, string>) =>
    this.send('POST', path, new URLSearchParams(fields).toString(), FORM);
  /** As a page of the tenant asks. */
  json = (method: string, path: string, body?: unknown) =>
    this.send(method, path, body === undefined ? undefined : JSON.stringify(body), {
      origin: 'https://localhost',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    });

  /** Signs in to the tenant's own pages; the answer of the last step. */
  async signIn(
    key: TestKey,
    page = '/sign-in',
    faults: AssertionFaults & { login?: string } = {},
  ): Promise<Answer> {
    const config = configOf(await this.get(page));
    return this.answer(config, key, faults);
  }

  /** Posts a key's answer to the challenge of a page. */
  // biome-ignore lint/suspicious/noExplicitAny: the page's data, of which each test reads what it is about
  answer(config: any, key: TestKey, { login, ...faults }: AssertionFaults & { login?: string } = {}) {
    const challenge = assertionChallenge({ purpose: 'web', nonce: config.sFidoChallenge });
    return this.form(config.urlPost, {
      type: '23',
      ps: '23',
      assertion: JSON.stringify(key.assert(challenge, faults)),
      lmcCanary: config.sCrossDomainCanary,
      hpgrequestid: config.sessionId,
      ctx: config.sCtx,
      canary: config.canary,
      flowToken: config.sFT,
      ...(login !== undefined && { login }),
    });
  }
}

/** `$Config` of a page, found as brokers find it. */
export function configOf(answer: Answer) {
  const [, json] = /\/\/<!\[CDATA\[\n\$Config=(\{.*\});\n\/\/\]\]>/.exec(answer.text) ?? [];
  if (json === undefined) throw new Error(`no $Config: ${answer.status} ${answer.text.slice(0, 500)}`);
  return JSON.parse(json);
}

export const authorizePath = (more: Record<string, string> = {}) =>
  `/common/oauth2/authorize?${new URLSearchParams({
    client_id: '29d9ed98-a469-4536-ade2-f981bc1d605e',
    response_type: 'code',
    redirect_uri: BROKER_REDIRECT,
    scope: 'openid profile',
    state: 'a state & more',
    ...more,
  })}`;
