/** SHA-256 as the store keeps it: of a token that only its holder has, or of what is looked up by its content. */
import { hash } from 'node:crypto';

export const sha256 = (data: string | Uint8Array): string => hash('sha256', data, 'base64url');
