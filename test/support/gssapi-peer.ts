/** A dialogue with MIT's GSS-API through `peers/gssapi_peer.py`; tokens are bytes on this side. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

type Value = string | boolean | number | readonly { data: string; sealed: boolean }[] | readonly string[];
type Answer = Readonly<Record<string, unknown>>;
export interface Part {
  data: Uint8Array;
  sealed: boolean;
}

const b64 = (data: Uint8Array) => Buffer.from(data).toString('base64');
const bytes = (value: unknown) => Buffer.from(String(value), 'base64');
const parts64 = (parts: readonly Part[]) => parts.map(({ data, sealed }) => ({ data: b64(data), sealed }));
const partBytes = (value: unknown) => (Array.isArray(value) ? value.map(bytes) : []);

export class GssapiPeer {
  readonly #child;
  readonly #answers: AsyncIterator<string>;

  constructor(env: Readonly<Record<string, string>>) {
    const script = new URL('../interop/peers/gssapi_peer.py', import.meta.url).pathname;
    this.#child = spawn('/usr/bin/python3', [script], {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  async #ask(op: string, more: Readonly<Record<string, Value>> = {}): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify({ op, ...more })}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the GSS-API peer ended');
    const answer: Answer = JSON.parse(value);
    if (answer.error) throw new Error(String(answer.error));
    return answer;
  }

  async initiate(mech: 'krb5' | 'spnego', target: string, flags: readonly string[]): Promise<void> {
    await this.#ask('init', { mech, target, flags });
  }
  async accept(): Promise<void> {
    await this.#ask('accept');
  }
  async step(token?: Uint8Array) {
    const answer = await this.#ask('step', token ? { token: b64(token) } : {});
    return {
      complete: answer.complete === true,
      token: answer.token === undefined ? undefined : bytes(answer.token),
      key: bytes(answer.key ?? ''),
      peer: String(answer.peer),
      flags: Number(answer.flags),
    };
  }
  async wrap(data: Uint8Array, seal: boolean): Promise<Buffer> {
    return bytes((await this.#ask('wrap', { data: b64(data), seal })).token);
  }
  async unwrap(token: Uint8Array) {
    const { data, sealed } = await this.#ask('unwrap', { token: b64(token) });
    return { data: bytes(data), sealed };
  }
  async mic(data: Uint8Array): Promise<Buffer> {
    return bytes((await this.#ask('mic', { data: b64(data) })).token);
  }
  async verify(token: Uint8Array, data: Uint8Array): Promise<void> {
    await this.#ask('verify', { token: b64(token), data: b64(data) });
  }
  async wrapParts(parts: readonly Part[]) {
    const answer = await this.#ask('wrap_iov', { parts: parts64(parts) });
    return { token: bytes(answer.token), parts: partBytes(answer.parts) };
  }
  async unwrapParts(token: Uint8Array, parts: readonly Part[]): Promise<Buffer[]> {
    const answer = await this.#ask('unwrap_iov', { token: b64(token), parts: parts64(parts) });
    return partBytes(answer.parts);
  }
  close(): void {
    this.#child.stdin.end();
  }
}
