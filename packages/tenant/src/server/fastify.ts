/**
 * Fastify as both listeners use it: zod schemas, bounded bodies, one shape of error answers, and nothing of a
 * stack or of another's secret in them.
 */
import { randomUUID } from 'node:crypto';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  type FastifyTypeProvider,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import type { z } from 'zod';
import { firstIssue } from '../config/schema.ts';
import { errorFacts, TenantError } from '../errors.ts';
import { parseForm } from './form.ts';

/** The most that a request's body may measure, in bytes. */
const BODY_LIMIT = 64 * 1024;
/** The most that its headers may. */
export const HEADER_LIMIT = 16 * 1024;
const REQUEST_TIMEOUT_MS = 15_000;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Types a route's body, parameters and query by its zod schemas. */
interface ZodTypes extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
}

/** The instance that folders add their routes to. */
export type Routes = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypes
>;

/** An application without routes. */
export function createApp(log: FastifyBaseLogger, serverFactory?: FastifyServerFactory): Routes {
  const app = Fastify({
    loggerInstance: log,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    genReqId: () => randomUUID(),
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: answerError,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1500 },
    ...(serverFactory !== undefined && { serverFactory }),
  }).withTypeProvider<ZodTypes>();
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (data) => {
    const parsed = schema.safeParse(data);
    return parsed.success ? { value: parsed.data } : { error: refusal(parsed.error, data, httpPart) };
  });
  app.removeContentTypeParser('text/plain');
  // Whatever is not JSON is read as a form: some clients send one without any Content-Type.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    parseForm(body),
  );
  // A client may name its ceremony; that is for the log alone, since anyone can send any number.
  app.addHook('onRequest', async (request) => {
    const clientRequestId = request.headers['client-request-id'];
    if (typeof clientRequestId === 'string' && GUID.test(clientRequestId)) {
      request.log = request.log.child({ clientRequestId });
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    const { url: route } = request.routeOptions;
    const milliseconds = Math.round(reply.elapsedTime);
    request.log.info({ method: request.method, route, status: reply.statusCode, milliseconds }, 'answered');
  });
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    reply.headers({
      'x-content-type-options': 'nosniff',
      'strict-transport-security': 'max-age=31536000',
    });
  });
  app.setNotFoundHandler(() => {
    throw new TenantError('not-found', 'There is nothing at this address. Check the URL and the method.');
  });
  app.setErrorHandler<FastifyError>(answerError);
  return app;
}

/** Logs a refusal, and gives what an answer says of it. */
function refused(error: FastifyError, request: FastifyRequest) {
  const known = toTenantError(error, request);
  const facts = errorFacts(known.code);
  const line = { code: known.code, details: known.details, method: request.method };
  if (facts.status >= 500) request.log.error({ ...line, err: error }, known.message);
  else request.log.info(line, known.message);
  return { known, ...facts };
}

/** A refusal in the shape of the Graph. */
export function answerGraphError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const { known, status, oauth } = refused(error, request);
  if (status === 401) reply.header('www-authenticate', `Bearer error="${oauth}"`);
  return reply.status(status).send({
    error: { code: known.code, message: known.message, innerError: { 'request-id': request.id } },
  });
}

/** The one shape of every refusal (RFC 6749 section 5.2, with the members that brokers read). */
function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const { known, status, oauth, number } = refused(error, request);
  if (status === 401) reply.header('www-authenticate', `Bearer error="${oauth}"`);
  return reply.status(status).send({
    error: oauth,
    error_description: known.message,
    error_codes: [number],
    suberror: known.code,
    trace_id: request.id,
  });
}

function refusal(error: z.ZodError, data: unknown, part: string | undefined): TenantError {
  const issue = error.issues[0];
  if (issue?.code === 'invalid_union' && issue.discriminator === 'grant_type' && typeof data === 'object') {
    return new TenantError(
      'grant-type-unsupported',
      'This grant_type is missing or not offered here. The tenant offers those of its openid-configuration.',
    );
  }
  return new TenantError(
    'request-malformed',
    `The request's ${part ?? 'body'} is wrong: ${firstIssue(error)}.`,
  );
}

/** Fastify's own errors as ours; whatever else was thrown is our fault and says nothing. */
function toTenantError(error: FastifyError, request: FastifyRequest): TenantError {
  if (error instanceof TenantError) return error;
  if (error.statusCode === 413) {
    const { bodyLimit } = request.routeOptions;
    return new TenantError('request-too-large', `A request may measure ${bodyLimit / 1024} KiB at most.`);
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new TenantError(
      'request-malformed',
      'The request cannot be read. Check its headers and its body.',
      { cause: error.code },
    );
  }
  return new TenantError(
    'internal-error',
    'Something went wrong in the tenant. Try again; if it persists, give your administrator the trace_id.',
  );
}
