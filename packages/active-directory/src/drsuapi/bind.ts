/** IDL_DRSBind and IDL_DRSUnbind ([MS-DRSR] 4.1.3, 4.1.25; DRS_EXTENSIONS_INT: 5.39). */
import { guidBytes } from '../cldap/netlogon.ts';
import { ActiveDirectoryError } from '../errors.ts';
import { NdrReader } from '../ndr/reader.ts';
import { NdrWriter } from '../ndr/writer.ts';
import { CLIENT_GUID, DRS_EXTENSION, HANDLE_LENGTH } from './constants.ts';
import { drsMalformed, throwIfRefused } from './errors.ts';

const { BASE, STRONG_ENCRYPTION, GETCHGREQ_V6, GETCHGREQ_V8, GETCHGREPLY_V6 } = DRS_EXTENSION;
const OURS = (BASE | STRONG_ENCRYPTION | GETCHGREQ_V6 | GETCHGREQ_V8 | GETCHGREPLY_V6) >>> 0;
const NEEDED = GETCHGREQ_V8 | GETCHGREPLY_V6;
/** Flags, site, process id, epoch: what every version of the structure has. */
const EXTENSIONS_LENGTH = 28;
const MAX_EXTENSIONS = 10_000;

/** The stub of IDL_DRSBind. */
export function encodeDrsBind(): Buffer {
  const extensions = Buffer.alloc(EXTENSIONS_LENGTH);
  extensions.writeUInt32LE(OURS);
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
 * The context handle out of IDL_DRSBind's answer, 20 bytes.
 * @throws ActiveDirectoryError `access-denied`, `drs-refused` (also where the server is too old), `rpc-malformed`, `drs-malformed`
 */
export function decodeDrsBind(stub: Uint8Array): Buffer {
  const input = new NdrReader(stub);
  let flags = 0;
  if (input.pointer()) {
    const length = input.conformance(undefined, 1);
    input.conformance(length, 1);
    if (length < 4 || length > MAX_EXTENSIONS) throw drsMalformed('extensions');
    flags = input.bytes(length).readUInt32LE(0);
  }
  input.align(4);
  const handle = Buffer.from(input.bytes(HANDLE_LENGTH));
  throwIfRefused(input.u32());
  if ((flags & NEEDED) !== NEEDED)
    throw new ActiveDirectoryError(
      'drs-refused',
      'The server is no domain controller of Windows Server 2003 or later. Name another one.',
      { flags },
    );
  return handle;
}
