/**
 * What crosses the wire between the tenant and its administrators' programs and pages: the calls, and the shapes of what
 * they bring and get. A shape stands in the `schema.ts` of its topic, which imports nothing of Node, so that a page which
 * asks for a field that is no more does not compile.
 */
export { adminClientOver } from './admin/calls.ts';
export type * from './admin/schema.ts';
export type * from './audit/schema.ts';
export type * from './ceremonies/schema.ts';
export type * from './devices/schema.ts';
export type * from './groups/schema.ts';
export type * from './kerberos-domains/schema.ts';
export * from './metadata/levels.ts';
export type * from './metadata/schema.ts';
export * from './passes/bounds.ts';
export type * from './passes/schema.ts';
export type * from './policy/schema.ts';
export * from './policy/transports.ts';
export type * from './reports/schema.ts';
export type * from './security-info/schema.ts';
export type * from './sync/schema.ts';
export type * from './users/schema.ts';
export type * from './webauthn/schema.ts';
