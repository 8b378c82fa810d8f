/**
 * The calls of the tenant's API, with the session's cookie. The tenant takes changes from its own pages only, which it
 * knows by the browser's Origin header.
 */
import type { OwnSession } from '@kennel/tenant/wire';

/** A refusal as the tenant words it: `message` says what to do next, `traceId` finds it in the log. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly status: number;
  readonly traceId: string | undefined;

  constructor(code: string, message: string, status: number, traceId?: string) {
    super(message);
    this.code = code;
    this.status = status;
    this.traceId = traceId;
  }
}

const SESSION = '/api/session';
/** What the tenant answers where no session is, or none any more. */
const SIGNED_OUT = ['authentication-required', 'session-over'];

/** @throws ApiError */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const init: RequestInit = { method, headers, credentials: 'same-origin' };
  if (body !== undefined) init.body = JSON.stringify(body);
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new ApiError(
      'unreachable',
      'The server cannot be reached. Check your connection and try again.',
      0,
    );
  }
  const answer = await readJson(response);
  if (response.ok) return answer as T; // the tenant's own answer, of this very version
  const code = text(answer.suberror) ?? 'internal-error';
  if (SIGNED_OUT.includes(code)) return toSignIn(method, path);
  throw new ApiError(
    code,
    text(answer.error_description) ?? 'The server gave no answer that can be read. Try again.',
    response.status,
    text(answer.trace_id),
  );
}

export const api = {
  get: <T>(path: string) => call<T>('GET', path),
  post: <T>(path: string, body: unknown = {}) => call<T>('POST', path, body),
  put: <T>(path: string, body: unknown) => call<T>('PUT', path, body),
  patch: <T>(path: string, body: unknown) => call<T>('PATCH', path, body),
  delete: <T>(path: string, body?: unknown) => call<T>('DELETE', path, body),
  session: () => call<OwnSession>('GET', SESSION),
  signOut: () => call<unknown>('DELETE', SESSION),
};

/**
 * To the sign-in page and back to where the person was, since nobody is signed in, or not any more; it never resolves.
 * Who wanted to sign out is signed out.
 */
function toSignIn(method: string, path: string): Promise<never> {
  const here = `${window.location.pathname}${window.location.search}`;
  const wasIn = path === SESSION ? '' : '&over=1'; // whether there is a session a page asks first
  const query =
    method === 'DELETE' && path === SESSION ? 'signed-out=1' : `return=${encodeURIComponent(here)}${wasIn}`;
  window.location.assign(`/sign-in?${query}`);
  return new Promise(() => {});
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  try {
    const value: unknown = await response.json();
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
