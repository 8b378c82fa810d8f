/** The log: JSON lines on standard error, without anything that opens a door. */
import type { FastifyBaseLogger } from 'fastify';
import pino from 'pino';

const SECRET_MEMBERS = [
  'authorization',
  'assertion',
  'request',
  'refresh_token',
  'access_token',
  'id_token',
  'session_key_jwe',
  'key',
  'password',
  'pin',
];

/**
 * Level from `KENNEL_LOG_LEVEL`, else info.
 *
 * @param file where to, in place of standard error
 */
export function defaultLog(file?: string): FastifyBaseLogger {
  return pino(
    {
      name: 'kennel-tenant',
      level: process.env.KENNEL_LOG_LEVEL ?? 'info',
      redact: {
        paths: SECRET_MEMBERS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[redacted]',
      },
    },
    pino.destination(file === undefined ? { dest: 2 } : { dest: file, mode: 0o600 }),
  );
}
