/** What a ticket of a read-only domain controller may be exchanged for ([MS-KILE] 3.3.5.7.8, [MS-ADTS] 3.1.1.3.1). */
import { KdcError } from './errors.ts';
import type { Account, Krbtgt } from './realm.ts';

/** @throws KdcError POLICY where the objects in the directory make no read-only domain controller of it */
export function checkRodc(krbtgt: Krbtgt): void {
  if (!krbtgt.rodc?.linked) throw new KdcError('POLICY', 'no computer object links to this krbtgt account');
  if (!krbtgt.rodc.partialSecrets)
    throw new KdcError('POLICY', 'the computer object is no read-only domain controller');
}

/** @throws KdcError TGT_REVOKED where the user is in NeverReveal, or not in RevealOnDemand */
export function checkReveal(krbtgt: Krbtgt, account: Account): void {
  const isOneOf = (sids: readonly string[]) =>
    sids.some((sid) => sid === account.sid || account.memberOf.has(sid));
  if (isOneOf(krbtgt.rodc?.neverReveal ?? []))
    throw new KdcError('TGT_REVOKED', 'the user is in msDS-NeverRevealGroup');
  if (!isOneOf(krbtgt.rodc?.revealOnDemand ?? []))
    throw new KdcError('TGT_REVOKED', 'the user is not in msDS-RevealOnDemandGroup');
}
