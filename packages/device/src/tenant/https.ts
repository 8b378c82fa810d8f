/** One HTTPS request, bounded in size and time, TLS verified against the system's roots or one given authority. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { getCACertificates } from 'node:tls';
import { DeviceError } from '../errors/device-error.ts';

/** The most that an answer may measure, in bytes. */
const LARGEST_ANSWER = 256 * 1024;
const LARGEST_HEADERS = 16 * 1024;
const DEFAULT_TIMEOUT_MS = 15_000;
/** For a connection to be there, name and all: who drops packets is out of reach, and two of them may get lost on the way. */
const CONNECT_TIMEOUT_MS = 5_000;

export interface HttpsRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

export interface HttpsAnswer {
  status: number;
  text: string;
}

/** @throws (when used) DeviceError `tenant-unreachable`, `tenant-certificate-untrusted`, `tenant-answer-malformed` */
export type Https = (request: HttpsRequest) => Promise<HttpsAnswer>;

/**
 * Requests that trust one authority, or the system's.
 *
 * @param caFile PEM
 * @param timeout milliseconds for the whole of a request
 * @param connectTimeout milliseconds for the connection
 * @throws DeviceError `ca-file-unreadable`
 */
export function httpsClient(
  caFile: string | undefined,
  { timeout = DEFAULT_TIMEOUT_MS, connectTimeout = CONNECT_TIMEOUT_MS } = {},
): Https {
  const ca = caFile === undefined ? systemRoots() : readCa(caFile);
  const agent = new Agent({ keepAlive: false, ca });
  return async ({ method, url, headers, body }) => {
    const details = { endpoint: url };
    const signal = AbortSignal.timeout(timeout);
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const response = await exchange(
      url,
      { agent, method, signal, maxHeaderSize: LARGEST_HEADERS, headers: { ...length, ...headers } },
      { body, connectTimeout },
    ).catch((cause: unknown) => {
      throw explained(cause, signal, url);
    });
    const status = response.statusCode ?? 0;
    try {
      return { status, text: await readBounded(response) };
    } catch (cause) {
      if (signal.aborted) throw explained(cause, signal, url);
      const about = cause instanceof TooLarge ? 'it is too large' : 'it was cut off';
      throw new DeviceError('tenant-answer-malformed', {
        about,
        details: { ...details, httpStatus: status },
      });
    } finally {
      response.destroy();
    }
  };
}

function exchange(
  url: string,
  options: RequestOptions,
  { body, connectTimeout }: { body: string | undefined; connectTimeout: number },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, resolve);
    sent.on('error', reject);
    sent.once('socket', (socket) => {
      const silent = () =>
        sent.destroy(Object.assign(new Error('no connection'), { code: 'connect-timeout' }));
      const timer = setTimeout(silent, connectTimeout);
      const over = () => clearTimeout(timer);
      socket.once('connect', over).once('close', over);
    });
    sent.end(body);
  });
}

class TooLarge extends Error {}

async function readBounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    // without an encoding the chunks are Buffers
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new TooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Where the machine keeps none, those that Node brings. */
function systemRoots(): string[] {
  const roots = getCACertificates('system');
  return roots.length > 0 ? roots : getCACertificates('default');
}

function readCa(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new DeviceError('ca-file-unreadable', { about: path, details: { path }, cause });
  }
}

/** OpenSSL's verdicts on a certificate, as Node names them (tls, "X509 certificate error codes"). */
const UNTRUSTED =
  /^(CERT_|UNABLE_TO_|CRL_|ERROR_IN_)|SELF_SIGNED_CERT|^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)$/;

function explained(cause: unknown, signal: AbortSignal, url: string): DeviceError {
  const { code: errno, message } = cause as NodeJS.ErrnoException; // net, tls and http throw ErrnoException
  const code = signal.aborted ? 'timeout' : (errno ?? message);
  const trouble = UNTRUSTED.test(code) ? 'tenant-certificate-untrusted' : 'tenant-unreachable';
  const about = `${new URL(url).origin}: ${code}`;
  return new DeviceError(trouble, { about, details: { endpoint: url, code }, cause });
}
