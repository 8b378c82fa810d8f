/** Every verdict, and that the exit codes are those of the table. */
import type { KerberosDomain } from '@kennel/tenant';
import { expect, it } from 'vitest';
import { verdictOf } from './kerberos-server-verdict.ts';

const now = new Date('2026-06-01T00:00:00Z');
const domain = {
  id: 7,
  dnsName: 'corp.example.com',
  keyVersion: 3,
  keyUpdatedOn: new Date('2026-05-01T00:00:00Z'),
  ownKeyUpdatedOn: new Date('2026-01-01T00:00:00Z'),
};
const tenant = { krbtgtNumber: 7, keyVersion: 3 } as KerberosDomain; // the verdict reads these two

it.each([
  ['in-step', domain, tenant, 0],
  ['absent-in-domain', undefined, tenant, 51],
  ['absent-in-tenant', domain, undefined, 52],
  ['out-of-step', { ...domain, keyVersion: 4 }, tenant, 50],
  ['out-of-step', { ...domain, id: 8 }, tenant, 50],
  ['overdue', { ...domain, keyUpdatedOn: new Date('2025-01-01T00:00:00Z') }, tenant, 53],
] as const)('%s', (state, ours, theirs, exitCode) => {
  expect(verdictOf(ours, theirs, now)).toMatchObject({ state, exitCode });
});

it('tells a rotation that is under way from a key that was never published', () => {
  const newer = { ...domain, keyVersion: 4 };
  expect(verdictOf(newer, { ...tenant, pendingKeyVersion: 4 }, now).text).toContain('kerberos-server rotate');
  expect(verdictOf(newer, tenant, now).text).toContain('kerberos-server create');
});
