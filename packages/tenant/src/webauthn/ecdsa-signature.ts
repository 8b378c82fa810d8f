/**
 * Ecdsa-Sig-Value (RFC 3279 section 2.2.3) in strict DER. The library reads it leniently, and so would take several
 * spellings of one signature.
 */

const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** Whether it is two positive integers in DER, and nothing besides. */
export function isStrictEcdsaSignature(signature: Uint8Array): boolean {
  const [tag, length = 0, longLength = 0] = signature;
  if (tag !== SEQUENCE) return false;
  const isLong = length === 0x81 && longLength >= 0x80; // P-521
  const start = isLong ? 3 : 2;
  if ((isLong ? longLength : length) !== signature.length - start) return false;
  const middle = endOfInteger(signature, start);
  return middle !== undefined && endOfInteger(signature, middle) === signature.length;
}

/** Where the integer at `at` ends; undefined where there is none in its shortest form, or it is negative or zero. */
function endOfInteger(bytes: Uint8Array, at: number): number | undefined {
  const [tag, length = 0, first = 0, second = 0] = bytes.subarray(at);
  const end = at + 2 + length;
  if (tag !== INTEGER || length === 0 || length >= 0x80 || end > bytes.length) return undefined;
  const isShortest = first !== 0 || (length > 1 && second >= 0x80);
  return first < 0x80 && isShortest ? end : undefined;
}
