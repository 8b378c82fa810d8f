/** The tenant: make one, serve one, and administer one that runs. */
export { type AdminClient, adminClient } from './admin/client.ts';
export { CEREMONY_EVENTS } from './ceremonies/events.ts';
export type { InitOptions, TenantConfig } from './config/schema.ts';
export { changeDeviceCa, listDeviceCas } from './devices/ca.ts';
export { TenantError, type TenantErrorCode } from './errors.ts';
export { type InitialisedTenant, initTenant } from './init.ts';
export { type RunningTenant, type ServeOptions, serveTenant } from './serve.ts';
export type * from './wire.ts';
