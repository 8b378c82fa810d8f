/** Finding the service of a request and the times that a ticket may have. */
import { ETYPE, type KdcReqBody, type PrincipalName } from '@kennel/kerberos';
import { KdcError } from './errors.ts';
import type { Realm, VersionedKey } from './realm.ts';

const TEN_HOURS = 10 * 3600 * 1000;

/** The realm's own krbtgt key, the current version. @throws KdcError GENERIC where the realm has none */
export async function currentKrbtgtKey(realm: Realm): Promise<VersionedKey> {
  const key = (await realm.findKrbtgt(0))?.keys[0];
  if (!key) throw new KdcError('GENERIC', 'the realm has no krbtgt key');
  return key;
}

export const isKrbtgt = (name: PrincipalName, realm: string) =>
  name.nameString.length === 2 &&
  name.nameString[0]?.toLowerCase() === 'krbtgt' &&
  name.nameString[1]?.toUpperCase() === realm;

/** Name and key of the service that a request is for. @throws KdcError S_PRINCIPAL_UNKNOWN, WRONG_REALM, ETYPE_NOSUPP */
export async function findTarget(
  realm: Realm,
  body: KdcReqBody,
  krbtgtKey: VersionedKey,
): Promise<{ sname: PrincipalName; key: VersionedKey }> {
  if (body.realm.toUpperCase() !== realm.realm)
    throw new KdcError('WRONG_REALM', 'the request is for another realm');
  if (!body.etypes.includes(ETYPE.AES256_CTS_HMAC_SHA1_96))
    throw new KdcError('ETYPE_NOSUPP', 'the client does not offer AES-256');
  const sname = body.sname;
  if (!sname) throw new KdcError('S_PRINCIPAL_UNKNOWN', 'no service is named');
  if (isKrbtgt(sname, realm.realm))
    return { sname: { nameType: sname.nameType, nameString: ['krbtgt', realm.realm] }, key: krbtgtKey };
  const service = await realm.findService(sname);
  const key = service?.keys[0];
  if (!service || !key) throw new KdcError('S_PRINCIPAL_UNKNOWN', `no service ${sname.nameString.join('/')}`);
  return { sname, key };
}

/**
 * When a ticket asked for until `till` may end: at most ten hours from now and not after `limit`.
 * @throws KdcError NEVER_VALID
 */
export function endTime(till: Date, now: Date, limit?: Date): Date {
  const asked = till.getTime() === 0 ? Number.POSITIVE_INFINITY : till.getTime(); // 19700101 means as long as possible
  const end = Math.min(asked, now.getTime() + TEN_HOURS, limit?.getTime() ?? Number.POSITIVE_INFINITY);
  if (end <= now.getTime()) throw new KdcError('NEVER_VALID', 'the ticket would end before it begins');
  return new Date(Math.floor(end / 1000) * 1000);
}
