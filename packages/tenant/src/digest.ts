/** SHA-256, base64url: of a token that only its holder has, or of what is known by its content. */
import { hash } from 'node:crypto';

export const sha256 = (data: string | Uint8Array): string => hash('sha256', data, 'base64url');
