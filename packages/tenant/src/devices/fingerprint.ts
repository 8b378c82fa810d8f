/** A certificate's fingerprints, of its DER: SHA-1 in capital hex as device tools print it, SHA-256 as the store knows it. */
import { createHash } from 'node:crypto';

export const sha1Hex = (der: Uint8Array) => createHash('sha1').update(der).digest('hex').toUpperCase();
export const sha256Hex = (der: Uint8Array) => createHash('sha256').update(der).digest('hex');
