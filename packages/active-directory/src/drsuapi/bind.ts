/** IDL_DRSBind and IDL_DRSUnbind ([MS-DRSR] 4.1.3, 4.1.25; DRS_EXTENSIONS_INT: 5.39). */
import { NdrWriter } from '@kennel/kerberos';
import { guidBytes } from '../cldap/netlogon.ts';
import { ActiveDirectoryError } from '../errors.ts';
import { readStub } from '../rpc/stub.ts';
import { CLIENT_GUID, DRS_EXTENSION, HANDLE_LENGTH } from './constants.ts';
import { drsMalformed, throwIfRefused } from './errors.ts';

const { BASE, STRONG_ENCRYPTION, GETCHGREQ_V6, GETCHGREQ_V8, GETCHGREPLY_V6 } = DRS_EXTENSION;
const OURS = (BASE | STRONG_ENCRYPTION | GETCHGREQ_V6 | GETCHGREQ_V8 | GETCHGREPLY_V6) >>> 0;
const NEEDED = GETCHGREQ_V8 | GETCHGREPLY_V6;
/** Flags, site, process id, epoch: what every version of the structure has. */
const EXTENSIONS_LENGTH = 28;
const MAX_EXTENSIONS = 10_000;
const SITE_AT = 4;
const EPOCH_AT = 24;

/** What the server says of itself when it is bound. */
export interface DrsServer {
  /** The context handle, 20 bytes. */
  handle: Uint8Array;
  /** objectGUID of its site, 16 bytes as on the wire. */
  site: Uint8Array;
  /** Raised when a domain is renamed; only clients of the same epoch are served. */
  epoch: number;
}

/** The stub of IDL_DRSBind. */
export function encodeDrsBind(epoch = 0): Buffer {
  const extensions = Buffer.alloc(EXTENSIONS_LENGTH);
  extensions.writeUInt32LE(OURS);
  extensions.writeUInt32LE(epoch, EPOCH_AT);
  const out = new NdrWriter();
  out.pointer(guidBytes(CLIENT_GUID), (guid) => out.uuid(guid));
  out.flush();
  out.pointer(extensions, (bytes) => {
    out.u32(bytes.length);
    out.u32(bytes.length);
    out.bytes(bytes);
  });
  return out.result();
}

/**
 * Reads IDL_DRSBind's answer.
 * @throws ActiveDirectoryError `access-denied`, `drs-refused` (also where the server is too old), `rpc-malformed`, `drs-malformed`
 */
export function decodeDrsBind(stub: Uint8Array): DrsServer {
  const input = readStub(stub);
  let extensions: Buffer = Buffer.alloc(0);
  if (input.pointer()) {
    const length = input.count(1);
    input.count(1, length);
    if (length < EXTENSIONS_LENGTH || length > MAX_EXTENSIONS) throw drsMalformed('extensions');
    extensions = input.bytes(length);
  }
  input.align(4);
  const handle = Buffer.from(input.bytes(HANDLE_LENGTH));
  throwIfRefused(input.u32());
  const flags = extensions.length > 0 ? extensions.readUInt32LE(0) : 0;
  if ((flags & NEEDED) !== NEEDED)
    throw new ActiveDirectoryError(
      'drs-refused',
      'The server is no domain controller of Windows Server 2003 or later. Name another one.',
      { flags },
    );
  const site = Buffer.from(extensions.subarray(SITE_AT, SITE_AT + 16));
  return { handle, site, epoch: extensions.readUInt32LE(EPOCH_AT) };
}
