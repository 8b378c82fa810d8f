/**
 * The service's side of the AP exchange (RFC 4120 section 3.2.3): opens the ticket, checks times, names and
 * replays, and makes the AP-REP where the client asks for proof.
 */
import { createHash } from 'node:crypto';
import { Key } from '../crypto/key.ts';
import { decodeDer } from '../der/codec.ts';
import { KerberosError } from '../errors.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { MSG_TYPE } from '../iana/message-types.ts';
import { AP_MUTUAL_REQUIRED, ApRep, ApReq, Authenticator, EncApRepPart } from '../messages/ap.ts';
import { decrypted, encrypted, type PrincipalName, samePrincipal } from '../messages/common.ts';
import { EncTicketPart } from '../messages/ticket.ts';
import { findPac } from '../pac/pac.ts';

/** Clock difference that is put up with, milliseconds (RFC 4120 section 8.2). */
export const CLOCK_SKEW = 5 * 60 * 1000;

/** Remembers authenticators while they could be replayed; bounded, the oldest go first. */
export class ReplayCache {
  readonly #seen = new Map<string, number>();
  readonly #capacity: number;

  constructor(capacity = 100_000) {
    this.#capacity = capacity;
  }

  /** @throws KerberosError `replayed` */
  check(authenticator: Uint8Array, now: Date): void {
    for (const [id, until] of this.#seen) {
      if (until > now.getTime() && this.#seen.size < this.#capacity) break;
      this.#seen.delete(id);
    }
    const id = createHash('sha256').update(authenticator).digest('base64');
    if (this.#seen.has(id)) throw new KerberosError('replayed', 'The authenticator was used before.');
    this.#seen.set(id, now.getTime() + 2 * CLOCK_SKEW);
  }
}

export interface AcceptOptions {
  /** The service's key for a ticket, by name, kvno and etype; undefined where it has none. */
  findKey(service: {
    realm: string;
    name: PrincipalName;
    kvno: number | undefined;
    etype: number;
  }): Key | undefined;
  now: Date;
  replays: ReplayCache;
  /** Key usage of the authenticator: 11, or 7 inside a TGS-REQ. */
  authenticatorUsage?: number;
}

export interface Accepted {
  ticket: EncTicketPart;
  authenticator: Authenticator;
  sessionKey: Key;
  /** The client's subkey, where it sent one. */
  subkey?: Key;
  /** The PAC as its bytes; its signatures are for the caller, who knows which keys made them. */
  pac?: Uint8Array;
  serviceKey: Key;
  kvno: number | undefined;
  /** Whether the client asked for mutual authentication: `makeApRep` answers it. */
  mutual: boolean;
}

/** @throws KerberosError `token-refused`, `integrity-check-failed`, `ticket-expired`, `ticket-not-yet-valid`, `clock-skew`, `replayed`, `der-*` */
export function acceptApReq(bytes: Uint8Array, options: AcceptOptions): Accepted {
  const request = decodeDer(ApReq, bytes);
  const { realm, sname, encPart } = request.ticket;
  const serviceKey = options.findKey({ realm, name: sname, kvno: encPart.kvno, etype: encPart.etype });
  if (!serviceKey)
    throw new KerberosError(
      'token-refused',
      'The ticket is for a service or a key version that is not here.',
      { sname: sname.nameString, kvno: encPart.kvno },
    );
  const ticket = decodeDer(EncTicketPart, decrypted(serviceKey, KEY_USAGE.TICKET, encPart));
  checkTimes(ticket, options.now);
  const sessionKey = new Key(ticket.key.keyType, Buffer.from(ticket.key.keyValue));
  const usage = options.authenticatorUsage ?? KEY_USAGE.AP_REQ_AUTHENTICATOR;
  const authenticator = decodeDer(Authenticator, decrypted(sessionKey, usage, request.authenticator));
  if (authenticator.crealm !== ticket.crealm || !samePrincipal(authenticator.cname, ticket.cname))
    throw new KerberosError('token-refused', 'Ticket and authenticator name different clients.');
  if (Math.abs(authenticator.ctime.getTime() - options.now.getTime()) > CLOCK_SKEW)
    throw new KerberosError(
      'clock-skew',
      'The clocks of client and service differ by more than five minutes.',
    );
  options.replays.check(request.authenticator.cipher, options.now);
  const pac = findPac(ticket.authorizationData);
  return {
    ticket,
    authenticator,
    sessionKey,
    serviceKey,
    kvno: encPart.kvno,
    ...(authenticator.subkey
      ? { subkey: new Key(authenticator.subkey.keyType, Buffer.from(authenticator.subkey.keyValue)) }
      : {}),
    ...(pac ? { pac } : {}),
    mutual: (request.apOptions & AP_MUTUAL_REQUIRED) !== 0,
  };
}

function checkTimes(ticket: EncTicketPart, now: Date): void {
  const start = (ticket.starttime ?? ticket.authtime).getTime();
  if (start > now.getTime() + CLOCK_SKEW)
    throw new KerberosError('ticket-not-yet-valid', 'The ticket is not valid yet: the clocks differ.');
  if (ticket.endtime.getTime() < now.getTime() - CLOCK_SKEW)
    throw new KerberosError('ticket-expired', 'The ticket has expired; sign in again.');
}

/** DER AP-REP to the client's authenticator; the subkey and sequence number are the service's own. */
export function makeApRep(
  sessionKey: Key,
  part: { ctime: Date; cusec: number; subkey?: Key; seqNumber?: number | undefined },
): Buffer {
  const { ctime, cusec, subkey, seqNumber } = part;
  const plain = EncApRepPart.encode({
    ...{ ctime, cusec },
    ...(subkey ? { subkey: { keyType: subkey.etype, keyValue: subkey.value } } : {}),
    ...(seqNumber === undefined ? {} : { seqNumber }),
  });
  const encPart = encrypted(sessionKey, KEY_USAGE.AP_REP_ENC_PART, plain);
  return Buffer.from(ApRep.encode({ pvno: 5, msgType: MSG_TYPE.AP_REP, encPart }));
}
