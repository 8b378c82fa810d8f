/** The supplementalCredentials attribute: properties by name ([MS-SAMR] 2.2.10.1 USER_PROPERTIES, 2.2.10.2 USER_PROPERTY). */
import { ActiveDirectoryError } from '../errors.ts';

const RESERVED4 = 96;
/** Up to and with PropertyCount. */
const HEAD = 12 + RESERVED4 + 4;
const SIGNATURE = 0x50;
const PROPERTY_HEAD = 6;

export const secretMalformed = (what: string) =>
  new ActiveDirectoryError(
    'secret-malformed',
    "The account's stored credentials cannot be read. Reset its password (rotate the key) and try again.",
    { what },
  );

/**
 * The properties; an attribute without any is shorter and gives an empty map.
 * @param bytes the attribute's value in clear
 * @throws ActiveDirectoryError `secret-malformed`
 */
export function readUserProperties(bytes: Buffer): Map<string, Buffer> {
  const properties = new Map<string, Buffer>();
  if (bytes.length < HEAD) {
    if (bytes.length < 12 + RESERVED4 + 2 || bytes.readUInt16LE(12 + RESERVED4) !== SIGNATURE)
      throw secretMalformed('no properties');
    return properties;
  }
  const end = 12 + bytes.readUInt32LE(4);
  if (bytes.readUInt16LE(HEAD - 4) !== SIGNATURE || end > bytes.length)
    throw secretMalformed('signature or length');
  let at = HEAD;
  for (let left = bytes.readUInt16LE(HEAD - 2); left > 0; left--) {
    if (at + PROPERTY_HEAD > end) throw secretMalformed('a property ends too early');
    const nameEnd = at + PROPERTY_HEAD + bytes.readUInt16LE(at);
    const valueEnd = nameEnd + bytes.readUInt16LE(at + 2);
    if (valueEnd > end) throw secretMalformed('a property ends too early');
    const name = bytes.toString('utf16le', at + PROPERTY_HEAD, nameEnd);
    const hex = bytes.toString('latin1', nameEnd, valueEnd);
    if (!/^([0-9a-f]{2})*$/i.test(hex)) throw secretMalformed('a value that is not hexadecimal');
    properties.set(name, Buffer.from(hex, 'hex'));
    at = valueEnd;
  }
  return properties;
}
