/**
 * The AS exchange (RFC 4120 section 3.1) with pre-authentication by encrypted timestamp; names canonicalized
 * and the reply bound to the request as RFC 6806 sections 6, 7 and 11 have it.
 */
import { randomBytes } from 'node:crypto';
import { type Credentials, credentialsOf } from '../credentials.ts';
import { Key } from '../crypto/key.ts';
import { decodeDer } from '../der/codec.ts';
import { KerberosError } from '../errors.ts';
import { KRB_ERROR_CODES } from '../iana/error-codes.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { KDC_OPTION, MSG_TYPE, TICKET_FLAG } from '../iana/message-types.ts';
import { PADATA } from '../iana/padata-types.ts';
import {
  Checksum,
  decrypted,
  EncryptedData,
  encrypted,
  krbtgt,
  MethodData,
  type PaData,
  type PrincipalName,
  samePrincipal,
} from '../messages/common.ts';
import { AsRep, EncAsRepPart, type EncKdcRepPart, type KdcRep } from '../messages/kdc-rep.ts';
import { AsReq } from '../messages/kdc-req.ts';
import { KrbErrorReply } from '../messages/krb-error.ts';
import { findPaData, PaEncTsEnc } from '../messages/padata.ts';
import { asRefusal } from './as-refusal.ts';
import { type ClientSecret, type KeySource, keySource, noCommonEtype } from './client-key.ts';
import { byClockOfKdc, type ClockOptions } from './clock.ts';
import { throwIfKrbError } from './tgs.ts';
import type { KdcTransport } from './transport.ts';

const DEFAULT_LIFETIME = 10 * 60 * 60 * 1000;
const MAX_REALMS = 5;

export interface TgtRequest extends ClockOptions {
  /** `alice`, or with type ENTERPRISE a user principal name in one component. */
  client: PrincipalName;
  realm: string;
  secret: ClientSecret;
  transport: KdcTransport;
  /** What the ticket is for; the realm's TGS unless given. */
  sname?: PrincipalName;
  /** Milliseconds that the ticket is to live; ten hours unless given. */
  lifetime?: number;
  /** Whether the KDC may answer with the account's own name, and point to another realm; true unless given. */
  canonicalize?: boolean;
}

export interface TgtResult {
  credentials: Credentials;
  /** Milliseconds by which the KDC's clock turned out to be ahead; write it into the ccache. */
  kdcTimeOffset: number;
  /** When the password runs out, where the KDC says it. */
  passwordExpires?: Date;
}

/**
 * Signs in to the realm. Another clock at the KDC is compensated once.
 * @throws KerberosError `password-wrong`, `password-expired`, `account-expired`, `account-disabled`,
 * `account-locked`, `account-refused`, `client-unknown`, `etype-unsupported`, `keytab-empty`,
 * `referral-refused`, `reply-mismatch`, `kdc-*`; KrbErrorReply for any other refusal
 */
export async function requestTgt(request: TgtRequest): Promise<TgtResult> {
  const asked = new Set<string>();
  let realm = request.realm;
  for (;;) {
    asked.add(realm);
    try {
      const source = keySource(request.secret, request.client, realm);
      return await byClockOfKdc(request, (offset, now) => exchange(request, realm, source, offset, now));
    } catch (error) {
      if (!(error instanceof KrbErrorReply)) throw error;
      const other = error.errorCode === KRB_ERROR_CODES.WRONG_REALM.code ? error.clientRealm : undefined;
      if (other === undefined) throw asRefusal(error);
      if (asked.has(other) || asked.size >= MAX_REALMS)
        throw new KerberosError(
          'referral-refused',
          'The domains point to one another for this account. Name its own realm.',
          { realms: [...asked, other] },
        );
      realm = other;
    }
  }
}

interface Asked {
  request: TgtRequest;
  realm: string;
  source: KeySource;
  sname: PrincipalName;
  nonce: number;
  till: Date;
}

async function exchange(
  request: TgtRequest,
  realm: string,
  source: KeySource,
  kdcTimeOffset: number,
  now: Date,
): Promise<TgtResult> {
  const asked: Asked = {
    request,
    realm,
    source,
    sname: request.sname ?? krbtgt(realm),
    nonce: randomBytes(4).readUInt32BE() & 0x7fffffff,
    till: new Date(now.getTime() + (request.lifetime ?? DEFAULT_LIFETIME)),
  };
  let message = encodeRequest(asked, []);
  let answer = await request.transport(message, realm);
  const methods = preauthRequired(answer);
  if (methods) {
    message = encodeRequest(asked, [encryptedTimestamp(source.keyFor(methods), now)]);
    answer = await request.transport(message, realm);
  }
  throwIfKrbError(answer);
  const reply = decodeDer(AsRep, answer);
  const key = source.keyFor(findPaData(reply.padata, PADATA.ETYPE_INFO2) ? reply.padata : methods);
  const part = openPart(reply, key);
  checkReply(asked, reply, part, key, message);
  const credentials = credentialsOf(reply, part, new Key(part.key.keyType, Buffer.from(part.key.keyValue)));
  return {
    credentials,
    kdcTimeOffset,
    ...(part.keyExpiration ? { passwordExpires: part.keyExpiration } : {}),
  };
}

function encodeRequest({ request, realm, source, sname, nonce, till }: Asked, padata: PaData[]): Uint8Array {
  const canonicalize = request.canonicalize ?? true;
  return AsReq.encode({
    pvno: 5,
    msgType: MSG_TYPE.AS_REQ,
    padata: [...padata, { type: PADATA.REQ_ENC_PA_REP, value: new Uint8Array(0) }],
    body: {
      kdcOptions: canonicalize ? KDC_OPTION.CANONICALIZE : 0,
      cname: request.client,
      realm,
      sname,
      till,
      nonce,
      etypes: [...source.etypes],
    },
  });
}

/** The methods that the KDC names where it wants pre-authentication; undefined for any other answer. */
function preauthRequired(answer: Uint8Array): PaData[] | undefined {
  try {
    throwIfKrbError(answer);
    return undefined;
  } catch (error) {
    if (!(error instanceof KrbErrorReply) || error.errorCode !== KRB_ERROR_CODES.PREAUTH_REQUIRED.code)
      throw error;
    const methods = error.eData ? decodeDer(MethodData, error.eData) : [];
    if (methods.some(({ type }) => type === PADATA.ENC_TIMESTAMP)) return methods;
    // A KDC with no key of the etypes asked for has nothing to hint at either.
    if (!findPaData(methods, PADATA.ETYPE_INFO2)) throw noCommonEtype();
    throw new KerberosError(
      'account-refused',
      'The domain controller takes no password for this account; it wants another kind of sign-in.',
      { methods: methods.map(({ type }) => type) },
    );
  }
}

function encryptedTimestamp(key: Key, now: Date): PaData {
  const timestamp = PaEncTsEnc.encode({ patimestamp: now, pausec: now.getMilliseconds() * 1000 });
  const value = EncryptedData.encode(encrypted(key, KEY_USAGE.AS_REQ_PA_ENC_TIMESTAMP, timestamp));
  return { type: PADATA.ENC_TIMESTAMP, value };
}

/** A reply under another key than ours means a wrong password, where the KDC wanted no pre-authentication. */
function openPart(reply: KdcRep, key: Key): EncKdcRepPart {
  try {
    return decodeDer(EncAsRepPart, decrypted(key, KEY_USAGE.AS_REP_ENC_PART, reply.encPart));
  } catch (cause) {
    if (cause instanceof KerberosError && cause.code === 'integrity-check-failed')
      throw new KerberosError('password-wrong', 'The password or key is wrong.', { cause });
    throw cause;
  }
}

function checkReply(asked: Asked, reply: KdcRep, part: EncKdcRepPart, key: Key, message: Uint8Array): void {
  const { request, realm, sname, nonce } = asked;
  const canonicalize = request.canonicalize ?? true;
  const sameRealm = (other: string) =>
    other === realm || (canonicalize && other.toUpperCase() === realm.toUpperCase());
  const sameClient = canonicalize || samePrincipal(reply.cname, request.client);
  const sameServer =
    samePrincipal(part.sname, sname) ||
    (canonicalize && samePrincipal(sname, krbtgt(realm)) && samePrincipal(part.sname, krbtgt(part.srealm)));
  const sealed = samePrincipal(part.sname, reply.ticket.sname) && part.srealm === reply.ticket.realm;
  if (
    part.nonce !== nonce ||
    !sealed ||
    !sameClient ||
    !sameServer ||
    !sameRealm(reply.crealm) ||
    !sameRealm(part.srealm) ||
    !boundToRequest(part, key, message)
  )
    throw new KerberosError(
      'reply-mismatch',
      'The answer of the domain controller does not belong to the request.',
    );
}

/** Where the KDC protects its reply, the checksum in it is over our request: nobody changed it on the way. */
function boundToRequest(part: EncKdcRepPart, key: Key, message: Uint8Array): boolean {
  if ((part.flags & TICKET_FLAG.ENC_PA_REP) === 0) return true;
  const value = findPaData(part.encryptedPaData, PADATA.REQ_ENC_PA_REP);
  if (!value) return false;
  const { type, checksum } = decodeDer(Checksum, value);
  return type === key.checksumType && key.verifyChecksum(KEY_USAGE.AS_REQ, checksum, message);
}
