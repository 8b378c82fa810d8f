/** Who asks over the admin socket: whoever may open it. */
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../tenant.ts';

export const adminCaller = (request: Pick<FastifyRequest, 'id'>): Caller => ({
  actor: 'admin-socket',
  correlationId: request.id,
});
