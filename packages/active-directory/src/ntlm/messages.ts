/** NEGOTIATE, CHALLENGE and AUTHENTICATE ([MS-NLMP] 2.2.1), and the AV_PAIRs inside (2.2.2.1). */
import { ActiveDirectoryError } from '../errors.ts';

/** 2.2.2.5: extended session security with sealing under 128 bits and a key of the exchange's own. Nothing less. */
export const FLAGS = {
  UNICODE: 0x1,
  REQUEST_TARGET: 0x4,
  SIGN: 0x10,
  SEAL: 0x20,
  NTLM: 0x200,
  ALWAYS_SIGN: 0x8000,
  EXTENDED_SESSION_SECURITY: 0x80000,
  TARGET_INFO: 0x800000,
  KEYS_OF_128_BITS: 0x20000000,
  KEY_EXCHANGE: 0x40000000,
} as const;
export const ASKED = Object.values(FLAGS).reduce((all, flag) => all | flag, 0) >>> 0;
const NEEDED =
  (FLAGS.UNICODE |
    FLAGS.SIGN |
    FLAGS.SEAL |
    FLAGS.EXTENDED_SESSION_SECURITY |
    FLAGS.TARGET_INFO |
    FLAGS.KEYS_OF_128_BITS |
    FLAGS.KEY_EXCHANGE) >>>
  0;

const AV = { END: 0, FLAGS: 6, TIMESTAMP: 7 } as const;
/** MsvAvFlags: the AUTHENTICATE message bears a MIC. */
const MIC_PROVIDED = 2;

const SIGNATURE = Buffer.from('NTLMSSP\0', 'latin1');
const LONGEST = 8192;
const MIC_AT = 72;
const AUTHENTICATE_HEADER = 88;

const malformed = (what: string) =>
  new ActiveDirectoryError(
    'ntlm-refused',
    `The domain controller does not take part in NTLM as it should (${what}). Leave --ntlm out: Kerberos is used.`,
    { what },
  );

export function encodeNegotiate(): Buffer {
  const out = Buffer.alloc(32); // without names and version
  SIGNATURE.copy(out);
  out.writeUInt32LE(1, 8);
  out.writeUInt32LE(ASKED, 12);
  return out;
}

export interface Challenge {
  serverChallenge: Buffer;
  flags: number;
  /** AV_PAIRs by their ids. */
  pairs: Map<number, Buffer>;
}

/** @throws ActiveDirectoryError `ntlm-refused` where it is damaged, or the server wants less than is asked for */
export function decodeChallenge(message: Uint8Array): Challenge {
  const bytes = Buffer.from(message);
  if (bytes.length < 48 || bytes.length > LONGEST || !bytes.subarray(0, 8).equals(SIGNATURE))
    throw malformed('no challenge');
  if (bytes.readUInt32LE(8) !== 2) throw malformed('no challenge');
  const flags = bytes.readUInt32LE(20);
  if ((flags & NEEDED) >>> 0 !== NEEDED) throw malformed('it wants weaker protection');
  const [length, at] = [bytes.readUInt16LE(40), bytes.readUInt32LE(44)];
  if (at + length > bytes.length) throw malformed('it ends too early');
  return {
    serverChallenge: bytes.subarray(24, 32),
    flags,
    pairs: decodePairs(bytes.subarray(at, at + length)),
  };
}

function decodePairs(bytes: Buffer): Map<number, Buffer> {
  const pairs = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const [id, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (id === AV.END) return pairs;
    if (at + 4 + length > bytes.length) break;
    pairs.set(id, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  throw malformed('its names end too early');
}

export function encodePairs(pairs: ReadonlyMap<number, Uint8Array>): Buffer {
  const all = [...pairs, [AV.END, new Uint8Array(0)] as const];
  return Buffer.concat(
    all.flatMap(([id, value]) => {
      const head = Buffer.alloc(4);
      head.writeUInt16LE(id, 0);
      head.writeUInt16LE(value.length, 2);
      return [head, value];
    }),
  );
}

/** Those of the challenge, with the word that a MIC follows; and the time, which is the server's where it tells one. */
export function answeredPairs({ pairs }: Challenge, now: Date): { targetInfo: Buffer; time: Buffer } {
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(((pairs.get(AV.FLAGS)?.readUInt32LE(0) ?? 0) | MIC_PROVIDED) >>> 0);
  const told = pairs.get(AV.TIMESTAMP);
  const time = told?.length === 8 ? told : Buffer.alloc(8);
  if (told?.length !== 8) time.writeBigUInt64LE(BigInt(now.getTime()) * 10_000n + 116_444_736_000_000_000n);
  return { targetInfo: encodePairs(new Map([...pairs, [AV.FLAGS, flags]])), time };
}

export interface AuthenticateFields {
  domain: string;
  user: string;
  lm: Uint8Array;
  nt: Uint8Array;
  encryptedSessionKey: Uint8Array;
  flags: number;
}

/** With sixteen zero bytes for the MIC, which is reckoned over all three messages. */
export function encodeAuthenticate(fields: AuthenticateFields): Buffer {
  const { lm, nt, encryptedSessionKey } = fields;
  const [domain, user] = [Buffer.from(fields.domain, 'utf16le'), Buffer.from(fields.user, 'utf16le')];
  const parts = [lm, nt, domain, user, new Uint8Array(0), encryptedSessionKey];
  const header = Buffer.alloc(AUTHENTICATE_HEADER);
  SIGNATURE.copy(header);
  header.writeUInt32LE(3, 8);
  let at = AUTHENTICATE_HEADER;
  for (const [i, part] of parts.entries()) {
    header.writeUInt16LE(part.length, 12 + 8 * i);
    header.writeUInt16LE(part.length, 14 + 8 * i);
    header.writeUInt32LE(at, 16 + 8 * i);
    at += part.length;
  }
  header.writeUInt32LE(fields.flags, 60);
  return Buffer.concat([header, ...parts]);
}

export function putMic(authenticate: Buffer, mic: Uint8Array): void {
  authenticate.set(mic, MIC_AT);
}
