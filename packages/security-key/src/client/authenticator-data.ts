/** The parts of authenticator data that a platform looks at (WebAuthn level 2, section 6.1). */
import { decodeFirst } from 'cborg';
import { CtapError, decodeCbor, Members } from '../cbor.ts';
import { FLAG, STATUS } from '../registry.ts';

const FIXED = 37; // RP ID hash, flags, counter
const AAGUID = 16;

export interface AuthenticatorData {
  readonly flags: number;
  readonly counter: number;
  readonly credentialId?: Uint8Array;
  readonly extensions?: Members;
}

/** Throws CtapError INVALID_LENGTH or INVALID_CBOR where the data are cut short or carry more than they announce. */
export function parseAuthenticatorData(data: Uint8Array): AuthenticatorData {
  const bytes = Buffer.from(data);
  if (bytes.length < FIXED) throw new CtapError(STATUS.INVALID_LENGTH, 'authenticator data: too short');
  const flags = bytes.readUInt8(32);
  const counter = bytes.readUInt32BE(33);
  let rest: Buffer = bytes.subarray(FIXED);
  let credentialId: Uint8Array | undefined;
  if (flags & FLAG.ATTESTED) {
    if (rest.length < AAGUID + 2) throw new CtapError(STATUS.INVALID_LENGTH, 'attested data: too short');
    const end = AAGUID + 2 + rest.readUInt16BE(AAGUID);
    if (rest.length <= end) throw new CtapError(STATUS.INVALID_LENGTH, 'attested data: too short');
    credentialId = Uint8Array.from(rest.subarray(AAGUID + 2, end));
    rest = afterPublicKey(rest.subarray(end));
  }
  if (!(flags & FLAG.EXTENSIONS)) {
    if (rest.length > 0) throw new CtapError(STATUS.INVALID_LENGTH, 'authenticator data: bytes left over');
    return { flags, counter, ...(credentialId ? { credentialId } : {}) };
  }
  const extensions = new Members(decodeCbor(rest));
  return { flags, counter, ...(credentialId ? { credentialId } : {}), extensions };
}

function afterPublicKey(bytes: Uint8Array): Buffer {
  try {
    const [, rest] = decodeFirst(bytes, { useMaps: true, allowIndefinite: false });
    return Buffer.from(rest);
  } catch {
    throw new CtapError(STATUS.INVALID_CBOR, 'attested data: no public key');
  }
}
