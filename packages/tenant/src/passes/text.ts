/**
 * A pass as people read, type and speak it: 32 signs that cannot be taken for one another (Crockford's base 32),
 * whatever their case, and hyphens that help the eye and mean nothing.
 */
import { randomBytes } from 'node:crypto';

const SIGNS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUP = 4;
/** The most that a person may send: 48 signs with what they put between them. */
export const LONGEST_TYPED = 128;

/** A new pass of so many signs, five bits each. */
export function makePass(length: number): string {
  return Array.from(randomBytes(length), (byte) => SIGNS[byte & 31]).join('');
}

/** `ABCD-EFGH`: in groups of four. */
export function spelled(pass: string): string {
  return pass.match(new RegExp(`.{1,${GROUP}}`, 'g'))?.join('-') ?? '';
}

/** What a person typed, as it was made; undefined where it can be no pass. */
export function readPass(typed: string): string | undefined {
  if (typed.length > LONGEST_TYPED) return undefined;
  const signs = typed
    .toUpperCase()
    .replaceAll(/[\s\p{Pd}]/gu, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
  return /^[0-9A-HJKMNP-TV-Z]{8,48}$/.test(signs) ? signs : undefined;
}
