/**
 * HTTPS as a client with built-in host names does it: the only things that a test points at us are its hosts file
 * and its trust store. Redirects are not followed.
 *
 * All of this folder is written from the description of the protocol alone, on node:crypto and node:https, and imports
 * nothing of the product: where the two understand a page differently, the test fails.
 */
import { type RequestOptions, request } from 'node:https';
import { connect } from 'node:tls';

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface ToSend {
  headers?: Record<string, string>;
  body?: string;
  /** A TLS client certificate with its key, PEM. */
  identity?: { certificate: string; key: string };
}

export class Net {
  readonly #hosts: ReadonlyMap<string, number>;
  readonly #ca: string;

  /** @param hosts for each host name, the port on loopback that answers for it */
  constructor(hosts: ReadonlyMap<string, number>, ca: string) {
    this.#hosts = hosts;
    this.#ca = ca;
  }

  async send(method: string, address: string, { headers = {}, body, identity }: ToSend = {}): Promise<Reply> {
    const url = new URL(address);
    const port = this.#hosts.get(url.hostname);
    if (port === undefined) throw new Error(`the hosts file has no ${url.hostname}`);
    const options: RequestOptions = {
      method,
      headers: { ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }), ...headers },
      createConnection: () =>
        connect({
          host: '127.0.0.1',
          port,
          servername: url.hostname,
          ca: this.#ca,
          ...(identity && { cert: identity.certificate, key: identity.key }),
        }),
      timeout: 15_000,
    };
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const sent = request(url, options, async (answer) => {
      const text = Buffer.concat(await answer.toArray()).toString();
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${address} does not answer`)));
    sent.on('error', reject);
    sent.end(body);
    return promise;
  }
}
