/** PINs as text (CTAP 2.1, section 6.5.1): compared as bytes, so everyone must write them in the same Unicode form. */
import { SecurityKeyError } from './error.ts';
import { LIMIT } from './registry.ts';

/** The PIN in Unicode's form C. */
export const normalPin = (pin: string): string => pin.normalize('NFC');

/**
 * A new PIN in form C, of at least so many characters and at most 63 bytes. Throws `pin-policy-violation`.
 * @param minimum characters that the key asks for
 */
export function newPin(pin: string, minimum: number = LIMIT.PIN_MIN_CHARACTERS): string {
  const normal = normalPin(pin);
  if ([...normal].length >= minimum && Buffer.byteLength(normal) <= LIMIT.PIN_MAX) return normal;
  throw new SecurityKeyError(
    'pin-policy-violation',
    `Choose a PIN of at least ${minimum} characters, and at most ${LIMIT.PIN_MAX} bytes.`,
  );
}
