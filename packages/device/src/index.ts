/** The device's side: join a tenant, sign in with a security key, hold the PRT, and keep a ticket cache. */
export { type AgentEvent, type AgentOptions, runAgent, type SignIns } from './agent/agent.ts';
export { defaultTicketsDir } from './agent/tickets-place.ts';
export { DeviceError } from './errors/device-error.ts';
export { DC_ERRORS } from './errors/peers.ts';
export { DEVICE_ERRORS, type DeviceErrorCode } from './errors/table.ts';
export { type HybridJoinOptions, joinHybrid } from './join/hybrid.ts';
export { type JoinOptions, type JoinType, joinDevice } from './join/join.ts';
export { checkJoined } from './join/joined.ts';
export type { KeyStore } from './keys/store.ts';
export { type LeftDevice, leaveDevice, type SignedOut, signOut } from './leave.ts';
export { type AnySignIn, type AnySignInOptions, signInAnywhere } from './offline/fallback.ts';
export type { OfflineState } from './offline/state.ts';
export { type Unlocked, type UnlockOptions, unlock } from './offline/unlock.ts';
export type { SignInResult } from './sign-in/keep.ts';
export { type RenewOptions, renewPrt } from './sign-in/renew.ts';
export { type SignInOptions, signIn } from './sign-in/sign-in.ts';
export type { Attempt } from './state/attempt.ts';
export { liesInMemory } from './state/boot-key.ts';
export { type DeviceStatus, readStatus, tenantOfDevice, type UserStatus } from './status.ts';
export type { OnStep, Step, StepName } from './step.ts';
export { defaultCcache } from './tickets/ccache.ts';
export { type ExportedTicket, exportKirbi } from './tickets/export.ts';
export { type FetchOptions, fetchTickets } from './tickets/fetch.ts';
export {
  type Krb5ConfOptions,
  krb5Conf,
  krb5Snippet,
  type WrittenSnippet,
  writeKrb5Snippet,
} from './tickets/krb5-conf.ts';
export { listTickets, type TicketInfo, type TicketList } from './tickets/list.ts';
export type { TicketState } from './tickets/state.ts';
