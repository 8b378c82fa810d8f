/** The client data of an assertion or attestation (W3C WebAuthn section 5.8.1), read before anything is verified. */
import { z } from 'zod';

const clientData = z.object({
  type: z.string().max(64),
  challenge: z.string().max(512),
  origin: z.string().max(512),
  crossOrigin: z.boolean().default(false),
});
export type ClientData = z.output<typeof clientData>;

/** Undefined where it is not client data at all. */
export function readClientData(base64Url: string): ClientData | undefined {
  try {
    return clientData.parse(JSON.parse(Buffer.from(base64Url, 'base64url').toString('utf8')));
  } catch {
    return undefined; // hostile input: callers refuse in the words of their ceremony
  }
}
