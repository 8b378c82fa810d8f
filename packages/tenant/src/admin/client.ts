/** The administrators' calls to a tenant of this machine. */
import { adminClientOver } from './calls.ts';
import { socketTransport } from './transport.ts';

export { CEREMONY_EVENTS } from '../ceremonies/events.ts';
export { type AdminClient, adminClientOver } from './calls.ts';
export { httpsExchange } from './transport.ts';

/**
 * Calls of a running tenant over its admin socket.
 *
 * Every call throws TenantError: `tenant-not-running`, or the code with which the tenant refused.
 *
 * @example await adminClient(stateDir).users.create({ userPrincipalName: 'alice@corp.example.com' })
 */
export const adminClient = (stateDir: string) => adminClientOver(socketTransport(stateDir));
