/** The padata values that are used here (RFC 4120 section 5.2.7; [MS-KILE] 2.2.10, 2.2.11, 2.2.12; [MS-PAC] PA-PAC-REQUEST). */
import {
  booleanCodec,
  flags,
  int32,
  kerberosString,
  kerberosTime,
  microseconds,
  type Of,
  octets,
  opt,
  req,
  sequence,
  sequenceOf,
} from '../der/codec.ts';
import { EncryptionKey, type PaData } from './common.ts';

/** PA-ENC-TS-ENC: the client's time, encrypted under its key. */
export const PaEncTsEnc = sequence({ patimestamp: req(0, kerberosTime), pausec: opt(1, microseconds) });

export const EtypeInfo2 = sequenceOf(
  sequence({ etype: req(0, int32), salt: opt(1, kerberosString), s2kparams: opt(2, octets) }),
  16,
);
export type EtypeInfo2 = Of<typeof EtypeInfo2>;

export const PaPacRequest = sequence({ includePac: req(0, booleanCodec) });

/** PA-PAC-OPTIONS: bit 0 claims, 1 branch aware, 2 forward to full DC, 3 resource-based delegation. */
export const PaPacOptions = sequence({ flags: req(0, flags) });

/** KERB-KEY-LIST-REQ: the etypes of the long-term keys that are asked for. */
export const KeyListReq = sequenceOf(int32, 16);
/** KERB-KEY-LIST-REP: the keys, inside encrypted-pa-data. */
export const KeyListRep = sequenceOf(EncryptionKey, 16);

/** The first padata of a type. */
export function findPaData(list: readonly PaData[] | undefined, type: number): Uint8Array | undefined {
  return list?.find((entry) => entry.type === type)?.value;
}
