/** The KDC: bytes in, bytes out. Whatever comes in, a Kerberos message goes out. */
import {
  AsReq,
  decodeDer,
  type KdcReq,
  KrbError,
  krbtgt,
  MSG_TYPE,
  principalText,
  ReplayCache,
  TgsReq,
} from '@kennel/kerberos';
import { handleAsReq } from './as.ts';
import { KdcError, toKdcError } from './errors.ts';
import { LookAside } from './look-aside.ts';
import type { Realm } from './realm.ts';
import { handleTgsReq } from './tgs.ts';

/** One decision, for the auditor; it holds no key material. A request that is only sent again makes none. */
export interface KdcEvent {
  time: Date;
  exchange: 'as' | 'tgs' | 'malformed';
  service: string | undefined;
  /** `issued`, or the KRB-ERROR's name. */
  outcome: string;
  reason?: string;
}

export interface KdcOptions {
  now?: () => Date;
  /** Where it throws, the request is refused (GENERIC): no ticket without its entry in the audit. */
  onEvent?: (event: KdcEvent) => void;
  /** Refuses a TGS-REQ whose authenticator has no checksum over the body; true unless given. */
  requireBodyChecksum?: boolean;
}

export interface Kdc {
  readonly realm: Realm;
  /** Answers one message, and the same bytes within half a minute the same; never rejects. */
  handle(message: Uint8Array): Promise<Uint8Array>;
}

const AS_REQ_TAG = 0x60 | MSG_TYPE.AS_REQ;
const TGS_REQ_TAG = 0x60 | MSG_TYPE.TGS_REQ;

const KERBEROS_V5 = 5;

interface Parsed {
  exchange: 'as' | 'tgs';
  request: KdcReq;
}

/** @throws KdcError MSG_TYPE, BADVERSION; KerberosError `der-*` */
function parse(message: Uint8Array): Parsed {
  const exchange = message[0] === AS_REQ_TAG ? 'as' : message[0] === TGS_REQ_TAG ? 'tgs' : undefined;
  if (!exchange) throw new KdcError('MSG_TYPE', 'neither AS-REQ nor TGS-REQ');
  const request = decodeDer(exchange === 'as' ? AsReq : TgsReq, message);
  if (request.pvno !== KERBEROS_V5) throw new KdcError('BADVERSION', 'not Kerberos 5');
  if (request.msgType !== (exchange === 'as' ? MSG_TYPE.AS_REQ : MSG_TYPE.TGS_REQ))
    throw new KdcError('MSG_TYPE', 'the message type contradicts the tag');
  return { exchange, request };
}

/** A KDC for a realm: bytes to bytes, no network (`listenKdc` brings that). */
export function createKdc(realm: Realm, options: KdcOptions = {}): Kdc {
  const clock = options.now ?? (() => new Date());
  const replays = new ReplayCache();
  const lookAside = new LookAside();
  const requireBodyChecksum = options.requireBodyChecksum ?? true;

  const answer = async (message: Uint8Array, now: Date): Promise<Uint8Array> => {
    let parsed: Parsed | undefined;
    const report = (outcome: string, reason?: string) =>
      options.onEvent?.({
        time: now,
        exchange: parsed?.exchange ?? 'malformed',
        service: parsed?.request.body.sname && principalText(parsed.request.body.sname),
        outcome,
        ...(reason === undefined ? {} : { reason }),
      });
    try {
      parsed = parse(message);
      const reply =
        parsed.exchange === 'as'
          ? await handleAsReq(parsed.request, realm, now)
          : await handleTgsReq(message, parsed.request, realm, { now, replays, requireBodyChecksum });
      report('issued');
      return reply;
    } catch (cause) {
      let error = toKdcError(cause);
      try {
        report(error.error, error.message);
      } catch {
        error = new KdcError('GENERIC', 'the audit takes no entry');
      }
      return refusal(error, realm, now, parsed);
    }
  };

  return {
    realm,
    handle(message) {
      const now = clock();
      return lookAside.replyTo(message, now, () => answer(message, now));
    },
  };
}

function refusal(error: KdcError, { realm }: Realm, now: Date, parsed: Parsed | undefined): Uint8Array {
  return KrbError.encode({
    pvno: KERBEROS_V5,
    msgType: MSG_TYPE.KRB_ERROR,
    stime: now,
    susec: (now.getTime() % 1000) * 1000,
    errorCode: error.code,
    realm,
    sname: parsed?.request.body.sname ?? krbtgt(realm),
    ...(error.data ? { eData: error.data } : {}),
  });
}
