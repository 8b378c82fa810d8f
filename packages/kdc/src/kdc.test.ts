/** The KDC against requests that MIT sent, our own, and what becomes of them under mutation: a Kerberos message comes out, always. */
import {
  AsRep,
  AsReq,
  decodeDer,
  describeErrorCode,
  EncTicketPart,
  encrypted,
  KEY_USAGE,
  KerberosError,
  Key,
  KrbError,
  krbtgt,
  MSG_TYPE,
  NOT_TRANSITED,
  pacAuthorizationData,
  ReplayCache,
  requestTicket,
  signTgtPac,
  TgsRep,
  TgsReq,
  userPac,
} from '@kennel/kerberos';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALICE, mitRequest, ourTgsRequest, type Recorded } from '../test/requests.ts';
import { KEYS, RODC_KVNO, smallRealm } from '../test/small-realm.ts';
import { handleAsReq } from './as.ts';
import { KdcError } from './errors.ts';
import { createKdc, type KdcOptions } from './kdc.ts';
import { handleTgsReq } from './tgs.ts';

const kdcAt = (time: Date, options: KdcOptions = {}) =>
  createKdc(smallRealm(), { now: () => time, ...options });

/** AS-REP, TGS-REP, or the name of the KRB-ERROR; anything else fails. */
function kindOf(reply: Uint8Array): string {
  if (reply[0] === (0x60 | MSG_TYPE.AS_REP)) {
    decodeDer(AsRep, reply);
    return 'AS-REP';
  }
  if (reply[0] === (0x60 | MSG_TYPE.TGS_REP)) {
    decodeDer(TgsRep, reply);
    return 'TGS-REP';
  }
  const { errorCode } = decodeDer(KrbError, reply);
  return describeErrorCode(errorCode)?.name ?? String(errorCode);
}

const answerTo = async ({ time, message }: Recorded, options: KdcOptions = {}) =>
  kindOf(await kdcAt(time, options).handle(message));

const requests: [string, () => Promise<Recorded> | Recorded, string][] = [
  ["MIT's AS-REQ without pre-authentication", () => mitRequest('withoutPreauth'), 'PREAUTH_REQUIRED'],
  ["MIT's AS-REQ", () => mitRequest('asReq'), 'AS-REP'],
  ["MIT's TGS-REQ", () => mitRequest('tgsReq'), 'TGS-REP'],
  ['our TGS-REQ', () => ourTgsRequest(), 'TGS-REP'],
];

describe.each(requests)('%s', (_, make, expected) => {
  it('is answered', async () => {
    expect(await answerTo(await make())).toBe(expected);
  });

  it('gets a Kerberos message, however it is cut', async () => {
    const { time, message } = await make();
    for (let length = 0; length < message.length; length++)
      expect(await answerTo({ time, message: message.subarray(0, length) })).not.toMatch(/-REP/);
  });

  it('gets a Kerberos message, whatever is changed in it, and raises no error of another kind', async () => {
    const { time, message } = await make();
    const raised = async (bytes: Buffer) => {
      const realm = smallRealm();
      const options = { now: time, replays: new ReplayCache(), requireBodyChecksum: true };
      try {
        if (bytes[0] === (0x60 | MSG_TYPE.AS_REQ)) await handleAsReq(decodeDer(AsReq, bytes), realm, time);
        else await handleTgsReq(bytes, decodeDer(TgsReq, bytes), realm, options);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    const splice = (at: number, remove: number, insert: Uint8Array) =>
      Buffer.concat([message.subarray(0, at), insert, message.subarray(at + remove)]);
    const mutation = fc.oneof(
      fc
        .tuple(fc.nat(message.length - 1), fc.nat(255))
        .map(([at, byte]) => splice(at, 1, Uint8Array.of(byte))),
      fc
        .tuple(fc.nat(message.length), fc.nat(40), fc.uint8Array({ maxLength: 40 }))
        .map(([at, remove, insert]) => splice(at, remove, insert)),
      fc
        .tuple(fc.nat(message.length), fc.nat(message.length))
        .map(([at, from]) => splice(at, 0, message.subarray(from))),
    );
    await fc.assert(
      fc.asyncProperty(mutation, async (bytes) => {
        await answerTo({ time, message: bytes });
        const error = await raised(bytes);
        if (error !== undefined && !(error instanceof KdcError)) expect(error).toBeInstanceOf(KerberosError);
      }),
      { seed: 88, numRuns: 1500 },
    );
  });
});

describe('a tenant that has turned hostile', () => {
  it('cannot break the KDC with a ticket or a PAC of its own making', async () => {
    const time = new Date(1_800_000_000_000);
    const realm = 'CORP.EXAMPLE.COM';
    const buffers = userPac(ALICE, { authtime: time, groups: [513], primaryGroup: 513 });
    const sessionKey = Key.random();
    const change = fc.record({ buffer: fc.nat(4), at: fc.nat(400), bytes: fc.uint8Array({ maxLength: 12 }) });
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(change, fc.option(fc.nat(400)), async ({ buffer, at, bytes }, ticketByte) => {
        const changed = buffers.map((original, i) => {
          if (i !== buffer) return original;
          const data = Buffer.from(original.data);
          data.set(bytes.subarray(0, Math.max(0, data.length - (at % data.length))), at % data.length);
          return { ...original, data };
        });
        const pac = signTgtPac(changed, { server: KEYS.rodc, krbtgt: KEYS.rodc, rodcNumber: 40_000 });
        const part = Buffer.from(
          EncTicketPart.encode({
            flags: 0x40000000,
            key: { keyType: 18, keyValue: sessionKey.value },
            crealm: realm,
            cname: { nameType: 1, nameString: ['alice'] },
            transited: NOT_TRANSITED,
            authtime: time,
            starttime: time,
            endtime: new Date(time.getTime() + 3_600_000),
            authorizationData: pacAuthorizationData(pac),
          }),
        );
        if (ticketByte !== null) part[ticketByte] = (part[ticketByte] ?? 0) ^ (1 << (at & 7));
        const sname = krbtgt(realm);
        const encPart = encrypted(KEYS.rodc, KEY_USAGE.TICKET, part, RODC_KVNO);
        const tgt = {
          client: { realm, name: { nameType: 1, nameString: ['alice'] } },
          server: { realm, name: sname },
          key: sessionKey,
          ticket: { tktVno: 5, realm, sname, encPart },
          flags: 0,
          authtime: time,
          endtime: new Date(time.getTime() + 3_600_000),
        };
        const transport = async (message: Uint8Array) => {
          const reply = Buffer.from(await kdcAt(time).handle(message));
          seen.add(kindOf(reply));
          return reply;
        };
        const result = requestTicket({ tgt, sname, realm, transport, now: () => time });
        await result.catch((error: unknown) => expect(error).toBeInstanceOf(KerberosError));
      }),
      { seed: 7, numRuns: 1500 },
    );
    expect([...seen]).toContain('TGT_REVOKED');
    expect([...seen]).toContain('TGS-REP');
  });
});

describe('a request that comes again', () => {
  it('gets the same reply when it is the same, even while the first is in work', async () => {
    const { time, message } = mitRequest('tgsReq');
    const events: string[] = [];
    const kdc = kdcAt(time, { onEvent: ({ outcome }) => events.push(outcome) });
    const [first, second] = await Promise.all([kdc.handle(message), kdc.handle(message)]);
    expect(kindOf(first)).toBe('TGS-REP');
    expect(Buffer.from(second).equals(first)).toBe(true);
    expect(Buffer.from(await kdc.handle(Buffer.from(message))).equals(first)).toBe(true);
    expect(events).toEqual(['issued']);
  });

  it('is a replay when only its authenticator is the same, and later', async () => {
    const { time, message } = mitRequest('tgsReq');
    let now = time;
    const kdc = createKdc(smallRealm(), { now: () => now });
    await kdc.handle(message);
    const request = decodeDer(TgsReq, message);
    const other = TgsReq.encode({ ...request, body: { ...request.body, nonce: 1 } });
    expect(kindOf(await kdc.handle(other))).toBe('REPEAT');
    now = new Date(time.getTime() + 31_000);
    expect(kindOf(await kdc.handle(message))).toBe('REPEAT');
  });

  it('is remembered in a bounded number', async () => {
    const { time, message } = mitRequest('tgsReq');
    const kdc = kdcAt(time);
    await kdc.handle(message);
    for (let i = 0; i < 300; i++) await kdc.handle(Buffer.from(`garbage ${i}`));
    expect(kindOf(await kdc.handle(message))).toBe('REPEAT');
  });
});

describe('requests that contradict themselves', () => {
  it.each([
    ['pvno', 4, 'BADVERSION'],
    ['msgType', MSG_TYPE.AS_REQ, 'MSG_TYPE'],
  ])('are refused: %s %i', async (member, value, expected) => {
    const { time, message } = mitRequest('tgsReq');
    const changed = TgsReq.encode({ ...decodeDer(TgsReq, message), [member]: value });
    expect(await answerTo({ time, message: Buffer.from(changed) })).toBe(expected);
  });

  it('are refused where the body was changed', async () => {
    const { time, message } = mitRequest('tgsReq');
    const request = decodeDer(TgsReq, message);
    const body = { ...request.body, nonce: request.body.nonce ^ 1 };
    expect(await answerTo({ time, message: Buffer.from(TgsReq.encode({ ...request, body })) })).toBe(
      'MODIFIED',
    );
  });

  it('are refused where the audit takes no entry', async () => {
    const onEvent = () => {
      throw new Error('the disk is full');
    };
    expect(await answerTo(mitRequest('asReq'), { onEvent })).toBe('GENERIC');
  });
});
