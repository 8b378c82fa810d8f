/** The tenant as this device asks it: every answer checked for shape, every refusal one of the table's errors. */
import { randomUUID } from 'node:crypto';
import { CLIENT_IDS, DRS_RESOURCE, decryptWithSessionKey, GRANT_TYPES, PrtError } from '@kennel/prt';
import { z } from 'zod';
import { DeviceError, plainText } from '../errors/device-error.ts';
import { TENANT_SUBERRORS } from '../errors/peers.ts';
import { type HttpsAnswer, type HttpsRequest, httpsClient } from './https.ts';
import {
  discoveryAnswer,
  nonceAnswer,
  type PrtAnswer,
  prtAnswer,
  refusalAnswer,
  registrationAnswer,
  registrationTokenAnswer,
} from './messages.ts';

export interface TenantClient {
  /** Sent with every request, so that the tenant's log can be searched for this one ceremony. */
  readonly correlationId: string;
  discover(url: string): Promise<z.output<typeof discoveryAnswer>>;
  nonce(tokenEndpoint: string): Promise<string>;
  /** @param assertion the five-member JSON text */
  registrationToken(tokenEndpoint: string, nonce: string, assertion: string): Promise<string>;
  register(endpoint: string, token: string, body: object): Promise<z.output<typeof registrationAnswer>>;
  /** A hybrid join: the computer of a synced domain speaks for itself. */
  registerComputer(
    endpoint: string,
    deviceId: string,
    body: object,
  ): Promise<z.output<typeof registrationAnswer>>;
  /** Deletes this device. @param credential a compact JWS by the device's key, for this purpose */
  deleteDevice(endpoint: string, deviceId: string, credential: string): Promise<void>;
  /** @param request a compact JWS */
  prt(tokenEndpoint: string, request: string): Promise<PrtAnswer>;
  /**
   * Uses a PRT; the whole answer is under its session key.
   * @param request a compact JWS under the session key
   */
  renewPrt(tokenEndpoint: string, request: string, sessionKey: Uint8Array): Promise<PrtAnswer>;
}

/**
 * Every call throws DeviceError: the tenant's refusal, or why there was no answer to use. Its details hold
 * `endpoint`, and `httpStatus`, `serverErrorCode`, `serverErrorText` and `traceId` where there are.
 */
export function tenantClient(caFile: string | undefined): TenantClient {
  const https = httpsClient(caFile);
  const correlationId = randomUUID();

  const send = ({ headers, ...request }: HttpsRequest) =>
    https({
      ...request,
      headers: { accept: 'application/json', 'client-request-id': correlationId, ...headers },
    });
  const call = async <S extends z.ZodType>(schema: S, request: HttpsRequest): Promise<z.output<S>> =>
    readAnswer(schema, request.url, await send(request));
  const formOf = (url: string, fields: Record<string, string>): HttpsRequest => ({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });
  const form = <S extends z.ZodType>(schema: S, url: string, fields: Record<string, string>) =>
    call(schema, formOf(url, fields));

  return {
    correlationId,
    discover: (url) =>
      call(discoveryAnswer, { method: 'GET', url: `${url}/common/Discover?api-version=1.9&managed=True` }),
    nonce: async (url) => (await form(nonceAnswer, url, { grant_type: GRANT_TYPES.nonce })).Nonce,
    registrationToken: async (url, nonce, assertion) => {
      const fields = { nonce, assertion, resource: DRS_RESOURCE, client_id: CLIENT_IDS.broker };
      return (await form(registrationTokenAnswer, url, { grant_type: GRANT_TYPES.fido2, ...fields }))
        .access_token;
    },
    register: (endpoint, token, body) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      const url = `${endpoint}?api-version=2.0`;
      return call(registrationAnswer, { method: 'POST', url, headers, body: JSON.stringify(body) });
    },
    registerComputer: (endpoint, deviceId, body) => {
      const headers = { 'content-type': 'application/json' };
      const url = `${endpoint}${deviceId}?api-version=2.0`;
      return call(registrationAnswer, { method: 'PUT', url, headers, body: JSON.stringify(body) });
    },
    deleteDevice: async (endpoint, deviceId, credential) => {
      const headers = { 'x-ms-DeviceCredential': credential };
      const url = `${endpoint}${deviceId}?api-version=2.0`;
      await call(z.object({}), { method: 'DELETE', url, headers });
    },
    prt: (url, request) => form(prtAnswer, url, prtFields(request)),
    renewPrt: async (url, request, sessionKey) => {
      const answer = await send(formOf(url, prtFields(request)));
      if (answer.status !== 200) return readAnswer(prtAnswer, url, answer); // a refusal is plain JSON
      const opened = await readingAnswer(url, () => decryptWithSessionKey(sessionKey, answer.text));
      return readAnswer(prtAnswer, url, { status: 200, text: Buffer.from(opened).toString('utf8') });
    },
  };
}

const prtFields = (request: string) => ({
  windows_api_version: '2.2',
  grant_type: GRANT_TYPES.jwtBearer,
  request,
  client_info: '1',
  tgt: 'true',
});

function readAnswer<S extends z.ZodType>(
  schema: S,
  endpoint: string,
  { status, text }: HttpsAnswer,
): z.output<S> {
  const details = { endpoint, httpStatus: status };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own text would quote the answer, which may hold a token.
    if (status === 200)
      throw new DeviceError('tenant-answer-malformed', { about: 'it is not JSON', details });
  }
  if (status !== 200) throw refusal(json, endpoint, status);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') || 'it is no object';
  throw new DeviceError('tenant-answer-malformed', { about: where, details: { ...details, where } });
}

function refusal(json: unknown, endpoint: string, httpStatus: number): DeviceError {
  const { data } = refusalAnswer.safeParse(json);
  const about = `HTTP ${httpStatus}`;
  const unnamed = httpStatus >= 500 ? 'tenant-failed' : 'tenant-refused';
  if (data === undefined) return new DeviceError(unnamed, { about, details: { endpoint, httpStatus } });
  const { suberror, error, error_description: words, error_codes: numbers, trace_id: traceId } = data;
  const known = suberror !== undefined && Object.hasOwn(TENANT_SUBERRORS, suberror);
  const code = (known ? TENANT_SUBERRORS[suberror] : undefined) ?? unnamed;
  const serverErrorText = plainText(words);
  const details = {
    endpoint,
    httpStatus,
    serverErrorCode: plainText(suberror ?? error, 128),
    serverErrorText,
    numbers,
    ...(traceId !== undefined && { traceId: plainText(traceId, 128) }),
  };
  // Where the table has no words of its own for the case, the tenant's tell more.
  return new DeviceError(
    code,
    code === 'tenant-refused' ? { about: serverErrorText || about, details } : { details },
  );
}

/** Reads a part of the tenant's answer; whatever is wrong with it is then an error that names the endpoint. */
export async function readingAnswer<T>(endpoint: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DeviceError) throw error.with({ endpoint });
    if (!(error instanceof PrtError)) throw error;
    throw new DeviceError('tenant-answer-malformed', {
      about: error.code,
      details: { ...error.details, endpoint, cause: error.code },
    });
  }
}
