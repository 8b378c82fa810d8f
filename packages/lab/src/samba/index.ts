/** A real Samba AD domain in a network namespace, for the demo and the interop tests. */

export type { SambaController } from './controller.ts';
export type { Directory } from './directory.ts';
export {
  type AddedController,
  type SambaDomain,
  type SambaDomainOptions,
  startSambaDomain,
} from './domain.ts';
export { SambaError, type SambaErrorCode } from './errors.ts';
export { writeKrb5Conf } from './krb5-conf.ts';
export { type Entry, parseEntries, writeChange, writeEntry } from './ldif.ts';
export { type DomainMember, joinMachine } from './member.ts';
export { type Namespace, type NamespaceLink, openNamespace } from './namespace.ts';
export { type RunOptions, type RunResult, runProgram } from './program.ts';
export type { SambaShare, SambaUser } from './provision.ts';
export type { KerberosServerObjects } from './server-objects.ts';
export { readShareFile } from './share-client.ts';
export { trustEachOther } from './trust.ts';
