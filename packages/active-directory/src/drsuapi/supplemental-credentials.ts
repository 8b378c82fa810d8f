/** The supplementalCredentials attribute: properties by name ([MS-SAMR] 2.2.10.1 USER_PROPERTIES, 2.2.10.2 USER_PROPERTY). */
import { ActiveDirectoryError } from '../errors.ts';

const RESERVED4 = 96;
/** Up to and with PropertyCount. */
const HEAD = 12 + RESERVED4 + 4;
const SIGNATURE = 0x50;
const PROPERTY_HEAD = 6;
const DIGITS = '0123456789abcdef';

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
    properties.set(name, fromHex(bytes.subarray(nameEnd, valueEnd)));
    at = valueEnd;
  }
  return properties;
}

/** Bytes of hexadecimal text, without a string in between: strings cannot be wiped. */
function fromHex(text: Uint8Array): Buffer {
  const digit = (code: number | undefined) => {
    const value = DIGITS.indexOf(String.fromCharCode(code ?? 0).toLowerCase());
    if (value < 0) throw secretMalformed('a value that is not hexadecimal');
    return value;
  };
  const bytes = Buffer.alloc(Math.ceil(text.length / 2));
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digit(text[2 * i]) << 4) | digit(text[2 * i + 1]);
  return bytes;
}
