/** How the administrators' calls reach the tenant: one request, one JSON answer, the tenant's errors as they were. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { statePaths } from '../config/paths.ts';
import { isTenantErrorCode, TenantError } from '../errors.ts';
import type { AdminTransport } from './calls.ts';

const TIMEOUT_MS = 30_000;
/** A page of a thousand users or audit lines stays well below it. */
const LARGEST_ANSWER = 16 * 1024 * 1024;

/** Over the admin socket of a state directory. @throws TenantError as the tenant refused, or `tenant-not-running` */
export function socketTransport(stateDir: string): AdminTransport {
  const { socket: socketPath } = statePaths(stateDir);
  return async <T>(method: string, path: string, body?: unknown) => {
    try {
      return answerOf<T>(await exchange(httpRequest, { socketPath, method, path, agent: false }, body));
    } catch (error) {
      throw error instanceof TenantError ? error : notRunning(socketPath, error);
    }
  };
}

export interface PlainAnswer {
  status: number;
  json: unknown;
  /** The clock of who answered. */
  date: Date | undefined;
}

/** One HTTPS request with a JSON body or a form. The certificate is verified, to `ca` where one is given. */
export function httpsExchange(
  url: string,
  options: RequestOptions & { ca?: string | string[] | undefined },
  body?: unknown,
): Promise<PlainAnswer> {
  const { hostname, port, pathname, search } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return exchange(httpsRequest, { ...options, host, port, path: `${pathname}${search}` }, body);
}

/** @throws the errors of the connection as they are */
async function exchange(
  send: typeof httpRequest | typeof httpsRequest,
  options: RequestOptions,
  body: unknown,
): Promise<PlainAnswer> {
  const form = body instanceof URLSearchParams;
  const text = body === undefined ? undefined : form ? body.toString() : JSON.stringify(body);
  const headers =
    text === undefined
      ? {}
      : {
          'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
          'content-length': Buffer.byteLength(text),
        };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = send(
    { ...options, timeout: TIMEOUT_MS, headers: { ...headers, ...options.headers } },
    resolve,
  );
  request.on('timeout', () => request.destroy(new Error('timeout')));
  request.on('error', reject);
  request.end(text);
  const response = await promise;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length; // without an encoding the chunks are Buffers
    if (size > LARGEST_ANSWER) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  const { date } = response.headers;
  return {
    status: response.statusCode ?? 0,
    json: JSON.parse(Buffer.concat(chunks).toString('utf8')),
    date: date === undefined ? undefined : new Date(date),
  };
}

/** The tenant's own answer, or the error with which it refused. */
export function answerOf<T>({ status, json }: Pick<PlainAnswer, 'status' | 'json'>): T {
  if (status === 200) return json as T; // the tenant's own answer, of this very version
  const { suberror, error_description: text, trace_id: traceId } = json as Record<string, unknown>; // our own shape
  const code = typeof suberror === 'string' && isTenantErrorCode(suberror) ? suberror : 'internal-error';
  throw new TenantError(code, String(text), { traceId });
}

function notRunning(socketPath: string, cause: unknown): TenantError {
  const { code } = cause as NodeJS.ErrnoException; // net throws ErrnoException
  return code === 'EACCES'
    ? new TenantError(
        'tenant-not-running',
        `You may not open ${socketPath}. Run this command as the user that runs the tenant.`,
        { cause: code },
      )
    : new TenantError(
        'tenant-not-running',
        `The tenant is not running (${socketPath} does not answer). Start it with \`kennel serve\`, or name one elsewhere with --tenant URL.`,
        { cause: String(cause) },
      );
}
