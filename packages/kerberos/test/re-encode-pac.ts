/** Reads each buffer of a PAC and writes it again: what tests hold to the bytes that another implementation wrote. */
import { PAC_BUFFER } from '../src/iana/pac-buffers.ts';
import { fromFileTime } from '../src/pac/filetime.ts';
import {
  decodeAttributesInfo,
  decodeClientInfo,
  decodeRequestor,
  decodeUpnDnsInfo,
  encodeAttributesInfo,
  encodeClientInfo,
  encodeRequestor,
  encodeUpnDnsInfo,
} from '../src/pac/info-buffers.ts';
import { decodeLogonInfo, encodeLogonInfo } from '../src/pac/logon-info.ts';
import { decodePac, type PacBuffer } from '../src/pac/pac.ts';

const RE_ENCODE: Readonly<Record<number, (bytes: Uint8Array) => Uint8Array>> = {
  [PAC_BUFFER.LOGON_INFO]: (bytes) => encodeLogonInfo(decodeLogonInfo(bytes)),
  [PAC_BUFFER.CLIENT_INFO]: (bytes) => {
    const { clientId, name } = decodeClientInfo(bytes);
    return encodeClientInfo(fromFileTime(clientId), name);
  },
  [PAC_BUFFER.UPN_DNS_INFO]: (bytes) => encodeUpnDnsInfo(decodeUpnDnsInfo(bytes)),
  [PAC_BUFFER.ATTRIBUTES_INFO]: (bytes) => encodeAttributesInfo(decodeAttributesInfo(bytes)),
  [PAC_BUFFER.REQUESTOR]: (bytes) => encodeRequestor(decodeRequestor(bytes)),
};

/** The buffers, each through its reader and writer; signatures as they are. */
export function reEncodedBuffers(pac: Uint8Array): PacBuffer[] {
  return decodePac(pac).map(({ type, data }) => ({ type, data: RE_ENCODE[type]?.(data) ?? data }));
}
