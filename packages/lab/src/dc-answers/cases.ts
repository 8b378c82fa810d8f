/**
 * How a domain controller answers a partial TGT: one table that drives the suite on a real Samba and on the
 * embedded KDC, and the page docs/domain-controller-answers.md. `samba-measured` was tried on Samba AD 4.17;
 * `windows-reported` is what others report of Windows, and the embedded KDC plays it; nothing was tried on Windows.
 */
import type { KrbErrorName } from '@kennel/kerberos';

/** Accounts that the suite makes in both domains, each in one state. */
export const CASE_USERS = {
  alice: 'in good standing',
  disabled: 'disabled',
  locked: 'locked out',
  expired: 'account expired',
  'must-change': 'password must change',
  denied: 'member of Domain Admins, and so of a NeverReveal group',
  outsider: 'not in Domain Users, and so not in RevealOnDemand',
} as const;
export type CaseUser = keyof typeof CASE_USERS;

/** Kerberos server objects that the suite makes in both domains. */
export type CaseServer = 'sound' | 'unlinked' | 'no-partial-secrets' | 'rotated';

/** What is wrong with the partial TGT. */
export interface Forgery {
  /** PAC buffers left out. */
  without?: readonly number[];
  /** No PAC at all. */
  noPac?: boolean;
  /** The PAC of another user's SID in buffer 18. */
  foreignRequestor?: boolean;
  breakServerSignature?: boolean;
  wrongTicketKey?: boolean;
  /** Added to the version, the low half of the kvno. */
  versionOffset?: number;
  /** The low half of the kvno is zero. */
  versionZero?: boolean;
  /** A number N that no krbtgt account has. */
  unknownNumber?: boolean;
  /** Signed and encrypted with the key before the current one. */
  previousKey?: boolean;
  lifetimeSeconds?: number;
}

export interface DcCase {
  id: string;
  title: string;
  source: 'samba-measured' | 'windows-reported';
  user: CaseUser;
  server: CaseServer;
  forgery?: Forgery;
  /** Ask for the key list. */
  keyList?: boolean;
  answer: 'full TGT' | 'full TGT and key list' | KrbErrorName;
}

const row = (id: string, title: string, answer: DcCase['answer'], more: Partial<DcCase> = {}): DcCase => ({
  id,
  title,
  answer,
  source: 'samba-measured',
  user: 'alice',
  server: 'sound',
  ...more,
});

export const DC_CASES: readonly DcCase[] = [
  row('sound', 'a sound partial TGT', 'full TGT'),
  row('without-upn', 'without the UPN buffer (12)', 'full TGT', { forgery: { without: [12] } }),
  row('no-pac', 'without a PAC', 'TGT_REVOKED', { forgery: { noPac: true } }),
  row('no-requestor', 'without the requestor (18)', 'TGT_REVOKED', { forgery: { without: [18] } }),
  row('foreign-requestor', 'with another SID as requestor (18)', 'TGT_REVOKED', {
    forgery: { foreignRequestor: true },
  }),
  row('never-reveal', 'of a member of a NeverReveal group', 'TGT_REVOKED', { user: 'denied' }),
  row('not-in-reveal', 'of a user outside RevealOnDemand', 'TGT_REVOKED', { user: 'outsider' }),
  row('unlinked', 'where no computer links to the krbtgt account', 'POLICY', { server: 'unlinked' }),
  row('no-partial-secrets', 'where the computer is no read-only domain controller', 'POLICY', {
    server: 'no-partial-secrets',
  }),
  row('disabled', 'of a disabled account', 'POLICY', { user: 'disabled' }),
  row('must-change', 'of an account whose password must change', 'KEY_EXPIRED', { user: 'must-change' }),
  row('locked-out', 'of a locked-out account', 'CLIENT_REVOKED', { user: 'locked' }),
  row('expired', 'of an expired account', 'NAME_EXP', { user: 'expired' }),
  row('wrong-signature', 'with a wrong server signature (6)', 'BAD_INTEGRITY', {
    forgery: { breakServerSignature: true },
  }),
  row('wrong-key', 'under another key', 'BAD_INTEGRITY', { forgery: { wrongTicketKey: true } }),
  row('unknown-version', 'with a key version that is not there', 'BADKEYVER', {
    forgery: { versionOffset: 5 },
  }),
  row('version-zero', 'with key version zero', 'BADKEYVER', { forgery: { versionZero: true } }),
  row('unknown-number', 'of a read-only domain controller that is not there', 'NOT_US', {
    forgery: { unknownNumber: true },
  }),
  row('short-lived', 'with two minutes left or less', 'TKT_EXPIRED', { forgery: { lifetimeSeconds: 120 } }),
  row('previous-key', 'under the previous key, after a rotation', 'full TGT', {
    server: 'rotated',
    forgery: { previousKey: true },
  }),
  row('current-key', 'under the current key, after a rotation', 'full TGT', { server: 'rotated' }),
  row('key-list-ignored', 'with a key list request, on Samba', 'full TGT', { keyList: true }),
  row('key-list', 'with a key list request, on Windows', 'full TGT and key list', {
    keyList: true,
    source: 'windows-reported',
  }),
  row('key-list-denied', 'with a key list request, of a member of a NeverReveal group', 'TGT_REVOKED', {
    keyList: true,
    user: 'denied',
    source: 'windows-reported',
  }),
];
