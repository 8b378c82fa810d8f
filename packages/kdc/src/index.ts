/** Public surface of the package. */
export { createKdc, type Kdc, type KdcEvent, type KdcOptions } from './kdc.ts';
export { type KdcListener, listenKdc } from './listeners.ts';
export type { Account, Krbtgt, Realm, Service, VersionedKey } from './realm.ts';
