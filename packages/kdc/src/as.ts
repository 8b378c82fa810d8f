/** The AS exchange with encrypted timestamp (RFC 4120 section 3.1, [MS-KILE] 3.3.5.6). */
import {
  AsRep,
  CLOCK_SKEW,
  decodeDer,
  decrypted,
  EncAsRepPart,
  EncryptedData,
  EtypeInfo2,
  encrypted,
  findPaData,
  type KdcReq,
  KEY_USAGE,
  KerberosError,
  MethodData,
  MSG_TYPE,
  PADATA,
  type PaData,
  PaEncTsEnc,
  principal,
  TICKET_FLAG,
  wholeSeconds,
} from '@kennel/kerberos';
import { checkAccount } from './account-rules.ts';
import { KdcError } from './errors.ts';
import { directoryPac, issueTicket } from './issue.ts';
import { currentKrbtgtKey, endTime, findTarget } from './lookup.ts';
import type { Account, Realm, VersionedKey } from './realm.ts';

/** DER AS-REP. @throws KdcError */
export async function handleAsReq(request: KdcReq, realm: Realm, now: Date): Promise<Uint8Array> {
  const { body, padata } = request;
  if (!body.cname) throw new KdcError('C_PRINCIPAL_UNKNOWN', 'no client is named');
  const account = await realm.findAccount(body.cname);
  if (!account) throw new KdcError('C_PRINCIPAL_UNKNOWN', `no account ${body.cname.nameString.join('/')}`);
  const clientKey = account.keys.find(({ key }) => body.etypes.includes(key.etype));
  if (!clientKey) throw new KdcError('ETYPE_NOSUPP', 'client and account share no encryption type');
  checkAccount(account, now, 'CLIENT_REVOKED');
  checkTimestamp(findPaData(padata, PADATA.ENC_TIMESTAMP), account, clientKey, now);

  const krbtgtKey = await currentKrbtgtKey(realm);
  const { sname, key: serviceKey } = await findTarget(realm, body, krbtgtKey);
  const authtime = wholeSeconds(now);
  const times = { authtime, starttime: authtime, endtime: endTime(body.till, now) };
  const cname = principal(account.samAccountName, 1);
  const flags = TICKET_FLAG.FORWARDABLE | TICKET_FLAG.INITIAL | TICKET_FLAG.PRE_AUTHENT;
  const { ticket, replyPart } = issueTicket({
    realm,
    cname,
    sname,
    serviceKey,
    krbtgtKey,
    flags,
    times,
    nonce: body.nonce,
    pac: directoryPac(realm, account, authtime),
  });
  const part = EncAsRepPart.encode(replyPart);
  return AsRep.encode({
    pvno: 5,
    msgType: MSG_TYPE.AS_REP,
    padata: [etypeInfo(account, clientKey)],
    crealm: realm.realm,
    cname,
    ticket,
    encPart: encrypted(clientKey.key, KEY_USAGE.AS_REP_ENC_PART, part, clientKey.version),
  });
}

const etypeInfo = (account: Account, key: VersionedKey): PaData => ({
  type: PADATA.ETYPE_INFO2,
  value: EtypeInfo2.encode([{ etype: key.key.etype, salt: account.salt }]),
});

/** @throws KdcError PREAUTH_REQUIRED (with ETYPE-INFO2), PREAUTH_FAILED, SKEW */
function checkTimestamp(
  value: Uint8Array | undefined,
  account: Account,
  clientKey: VersionedKey,
  now: Date,
): void {
  const methods = [etypeInfo(account, clientKey), { type: PADATA.ENC_TIMESTAMP, value: new Uint8Array(0) }];
  const data = MethodData.encode(methods);
  if (!value) throw new KdcError('PREAUTH_REQUIRED', 'no encrypted timestamp', data);
  let timestamp: Date;
  try {
    timestamp = decodeDer(
      PaEncTsEnc,
      decrypted(clientKey.key, KEY_USAGE.AS_REQ_PA_ENC_TIMESTAMP, decodeDer(EncryptedData, value)),
    ).patimestamp;
  } catch (error) {
    if (error instanceof KerberosError) throw new KdcError('PREAUTH_FAILED', error.message, data);
    throw error;
  }
  if (Math.abs(timestamp.getTime() - now.getTime()) > CLOCK_SKEW)
    throw new KdcError('SKEW', 'the encrypted timestamp is too far off');
}
