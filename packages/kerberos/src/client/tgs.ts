/**
 * The TGS exchange (RFC 4120 section 3.3): a TGT, partial or full, for another ticket, in another realm where
 * the KDC refers to one (RFC 6806 section 8); with the key list request of [MS-KILE] 3.2.5.8 where asked for.
 */
import { randomBytes } from 'node:crypto';
import { makeApReq } from '../ap/initiate.ts';
import { type CcachePrincipal, type Credentials, credentialsOf } from '../credentials.ts';
import { Key } from '../crypto/key.ts';
import { decodeDer } from '../der/codec.ts';
import { KerberosError } from '../errors.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { KDC_OPTION, MSG_TYPE, TICKET_FLAG } from '../iana/message-types.ts';
import { PADATA } from '../iana/padata-types.ts';
import {
  decrypted,
  type EncryptionKey,
  type PaData,
  type PrincipalName,
  principalText,
  samePrincipal,
} from '../messages/common.ts';
import { EncTgsRepPart, TgsRep } from '../messages/kdc-rep.ts';
import { KdcReqBody, TgsReq } from '../messages/kdc-req.ts';
import { KrbError, KrbErrorReply } from '../messages/krb-error.ts';
import { findPaData, KeyListRep, KeyListReq } from '../messages/padata.ts';
import { CLIENT_ETYPES } from './client-key.ts';
import { byClockOfKdc, type ClockOptions } from './clock.ts';
import type { KdcTransport } from './transport.ts';

export interface TgsRequest extends ClockOptions {
  tgt: Credentials;
  /** Service that the ticket is for; `krbtgt/REALM` for the full TGT. */
  sname: PrincipalName;
  realm: string;
  transport: KdcTransport;
  /** Etypes of the long-term keys to ask for (23 is the NT hash); none unless given. */
  keyList?: readonly number[];
}

export interface TgsResult {
  credentials: Credentials;
  /** The keys that the KDC revealed; undefined where it does not know the request. */
  keyList?: EncryptionKey[];
  /** Milliseconds by which the KDC's clock turned out to be ahead; write it into the ccache. */
  kdcTimeOffset: number;
}

/** Realms that a request may pass through. */
const MAX_REALMS = 10;

/**
 * Asks for a ticket, by way of other realms where the KDC refers to them (`transport` must reach those too).
 * A clock that differs from the KDC's is compensated once, from the time in its KRB-ERROR.
 * @throws KrbErrorReply where the KDC refuses; KerberosError `kdc-unreachable`, `kdc-timeout`, `reply-mismatch`,
 * `referral-refused` where the realms refer to one another or too far
 * @example
 * const transport = tcpTransport({ host: 'dc1.corp.example.com', port: 88 });
 * const realm = 'CORP.EXAMPLE.COM';
 * const full = await requestTicket({ tgt: partialTgt, sname: krbtgt(realm), realm, transport });
 */
export async function requestTicket(request: TgsRequest): Promise<TgsResult> {
  const asked = [request.realm];
  let hop = request;
  for (;;) {
    const here = hop;
    const result = await byClockOfKdc(here, (offset, now) => exchange(here, offset, now));
    const next = referredTo(here, result.credentials.server.name);
    if (next === undefined) return result;
    if (asked.some((realm) => sameRealm(realm, next)) || asked.length >= MAX_REALMS)
      throw new KerberosError(
        'referral-refused',
        `The domains refer to one another for ${principalText(request.sname)}, and none has it. Check the service's name.`,
        { realms: [...asked, next] },
      );
    asked.push(next);
    hop = { ...request, tgt: result.credentials, realm: next, kdcTimeOffset: result.kdcTimeOffset };
  }
}

const sameRealm = (a: string, b: string) => a.toUpperCase() === b.toUpperCase();

/** The realm that the KDC's answer leads to, where it is a TGT for another realm than the one that was asked for. */
function referredTo({ realm, sname }: TgsRequest, server: PrincipalName): string | undefined {
  const [service, next] = server.nameString;
  if (service !== 'krbtgt' || next === undefined || server.nameString.length !== 2) return undefined;
  return samePrincipal(server, sname) || sameRealm(next, realm) ? undefined : next;
}

async function exchange(request: TgsRequest, offset: number, now: Date): Promise<TgsResult> {
  const asked = makeTgsRequest(request, now);
  const reply = await request.transport(asked.message, request.realm);
  return { ...readTgsReply(reply, asked), kdcTimeOffset: offset };
}

/** A TGS-REQ for a transport of one's own, and what is needed to read its answer: worth the ticket that comes. */
export interface AskedTicket {
  message: Uint8Array;
  client: CcachePrincipal;
  subkey: Key;
  nonce: number;
}

export function makeTgsRequest(
  { tgt, realm, sname, keyList }: Pick<TgsRequest, 'tgt' | 'realm' | 'sname' | 'keyList'>,
  now: Date,
): AskedTicket {
  const subkey = Key.random(tgt.key.etype);
  const nonce = randomBytes(4).readUInt32BE() & 0x7fffffff;
  const body = KdcReqBody.encode({
    kdcOptions: (tgt.flags & TICKET_FLAG.FORWARDABLE) | KDC_OPTION.CANONICALIZE,
    realm,
    sname,
    till: tgt.endtime,
    nonce,
    etypes: [...CLIENT_ETYPES],
  });
  const apReq = makeApReq(tgt, {
    now,
    cksum: { type: tgt.key.checksumType, checksum: tgt.key.checksum(KEY_USAGE.TGS_REQ_CHECKSUM, body) },
    subkey: { keyType: subkey.etype, keyValue: subkey.value },
    authenticatorUsage: KEY_USAGE.TGS_REQ_AUTHENTICATOR,
  });
  const padata: PaData[] = [{ type: PADATA.TGS_REQ, value: apReq }];
  if (keyList) padata.push({ type: PADATA.KEY_LIST_REQ, value: KeyListReq.encode([...keyList]) });
  return {
    message: TgsReq.encode({
      pvno: 5,
      msgType: MSG_TYPE.TGS_REQ,
      padata,
      body: decodeDer(KdcReqBody, body),
    }),
    client: tgt.client,
    subkey,
    nonce,
  };
}

/** @throws KrbErrorReply; KerberosError `reply-mismatch`, `integrity-check-failed` */
export function readTgsReply(
  bytes: Uint8Array,
  { client, subkey, nonce }: Omit<AskedTicket, 'message'>,
): Omit<TgsResult, 'kdcTimeOffset'> {
  throwIfKrbError(bytes);
  const reply = decodeDer(TgsRep, bytes);
  const part = decodeDer(EncTgsRepPart, decrypted(subkey, KEY_USAGE.TGS_REP_SUBKEY, reply.encPart));
  if (
    part.nonce !== nonce ||
    reply.crealm !== client.realm ||
    !samePrincipal(reply.cname, client.name) ||
    !samePrincipal(part.sname, reply.ticket.sname)
  )
    throw new KerberosError(
      'reply-mismatch',
      'The answer of the domain controller does not belong to the request.',
    );
  const credentials = credentialsOf(reply, part, new Key(part.key.keyType, Buffer.from(part.key.keyValue)));
  const keyList = findPaData(part.encryptedPaData, PADATA.KEY_LIST_REP);
  return { credentials, ...(keyList ? { keyList: decodeDer(KeyListRep, keyList) } : {}) };
}

/** Throws the KRB-ERROR, where the bytes are one. */
export function throwIfKrbError(bytes: Uint8Array): void {
  if (bytes[0] === (0x60 | MSG_TYPE.KRB_ERROR)) throw new KrbErrorReply(decodeDer(KrbError, bytes));
}
