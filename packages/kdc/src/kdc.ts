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
import type { Realm } from './realm.ts';
import { handleTgsReq } from './tgs.ts';

/** One decision, for the auditor; it holds no key material. */
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
  onEvent?: (event: KdcEvent) => void;
  /** Refuses a TGS-REQ whose authenticator has no checksum over the body; true unless given. */
  requireBodyChecksum?: boolean;
}

export interface Kdc {
  readonly realm: Realm;
  /** Answers one message; never rejects. */
  handle(message: Uint8Array): Promise<Uint8Array>;
}

const AS_REQ_TAG = 0x60 | MSG_TYPE.AS_REQ;
const TGS_REQ_TAG = 0x60 | MSG_TYPE.TGS_REQ;

export function createKdc(realm: Realm, options: KdcOptions = {}): Kdc {
  const clock = options.now ?? (() => new Date());
  const replays = new ReplayCache();
  const requireBodyChecksum = options.requireBodyChecksum ?? true;

  const parse = (message: Uint8Array): { exchange: 'as' | 'tgs'; request: KdcReq } => {
    if (message[0] === AS_REQ_TAG) return { exchange: 'as', request: decodeDer(AsReq, message) };
    if (message[0] === TGS_REQ_TAG) return { exchange: 'tgs', request: decodeDer(TgsReq, message) };
    throw new KdcError('MSG_TYPE', 'neither AS-REQ nor TGS-REQ');
  };

  return {
    realm,
    async handle(message) {
      const now = clock();
      let parsed: ReturnType<typeof parse> | undefined;
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
        const error = toKdcError(cause);
        report(error.error, error.message);
        return KrbError.encode({
          pvno: 5,
          msgType: MSG_TYPE.KRB_ERROR,
          stime: now,
          susec: (now.getTime() % 1000) * 1000,
          errorCode: error.code,
          realm: realm.realm,
          sname: parsed?.request.body.sname ?? krbtgt(realm.realm),
          ...(error.data ? { eData: error.data } : {}),
        });
      }
    },
  };
}
