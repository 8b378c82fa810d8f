/** The request of IDL_DRSGetNCChanges, version 8: one object and some of its attributes ([MS-DRSR] 4.1.10.2.4). */
import { NdrWriter } from '@kennel/kerberos';
import type { DrsServer } from './bind.ts';
import { DRS_OPTION, EXOP } from './constants.ts';
import { writeDsName } from './name.ts';
import { makePrefixTable, writePrefixTable } from './prefix-table.ts';

const VERSION = 8;
const GUID = 16;

export interface ObjectRequest {
  /** Distinguished name of the object. */
  dn: string;
  /** OIDs of the attributes. */
  attributes: readonly string[];
}

/**
 * The stub.
 * @param server what IDL_DRSBind answered; Windows wants some GUID of its own forest as the destination, and this
 *   client is no domain controller that had one, so its site's is given
 */
export function encodeGetObject(
  { handle, site }: Pick<DrsServer, 'handle' | 'site'>,
  { dn, attributes }: ObjectRequest,
): Buffer {
  const { table, types } = makePrefixTable(attributes);
  const out = new NdrWriter();
  out.bytes(handle);
  out.u32(VERSION);
  out.u32(VERSION);
  out.align(8);
  out.uuid(site); // destination
  out.uuid(Buffer.alloc(GUID)); // invocation id of the source: none known
  out.pointer(dn, (name) => writeDsName(out, name));
  for (let i = 0; i < 3; i++) out.u64(0n); // from the beginning
  out.pointer(undefined, () => undefined); // no up-to-date vector: everything
  out.u32(DRS_OPTION.WRITABLE_REPLICA | DRS_OPTION.INIT_SYNC);
  out.u32(1); // objects
  out.u32(0); // bytes: as the server likes
  out.u32(EXOP.REPLICATE_OBJECT);
  out.u64(0n); // FSMO information: none
  out.pointer(types, () => {
    out.u32(types.length);
    out.u32(1); // version of PARTIAL_ATTR_VECTOR_V1_EXT
    out.u32(0);
    out.u32(types.length);
    for (const type of types) out.u32(type);
  });
  out.pointer(undefined, () => undefined);
  writePrefixTable(out, table);
  return out.result();
}
