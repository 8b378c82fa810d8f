/** What lies sealed in an offline cache: token, tickets, and the times that say for how long they may be opened. */
import { type MasterKey, open, SecretsError, seal } from '@kennel/secrets';
import { z } from 'zod';
import { DeviceError } from '../errors/device-error.ts';
import { userLabel, userSchema } from '../state/user.ts';

const time = z.iso.datetime();

const schema = z.strictObject({
  /** The user's record as it was, but for what is sealed in it. */
  record: userSchema.omit({ prt: true, partialTgt: true, offline: true }),
  prt: userSchema.shape.prt.omit({ token: true, sessionKey: true }),
  /** In clear here, base64. */
  secrets: z.strictObject({ prt: z.string(), sessionKey: z.base64(), partialTgt: z.string().optional() }),
  partialTgt: z.strictObject({ realm: z.string(), endTime: time }).optional(),
  /** Bytes of the ticket cache. */
  tickets: z.base64().optional(),
  /** By this machine's clock: until when, and when the cache was last written to or opened. It never goes back. */
  goodUntil: time,
  lastSeen: time,
  /** The last signature counter that the security key showed here. */
  counter: z.int().min(0),
});
export type OfflineContent = z.output<typeof schema>;

export function sealContent(key: MasterKey, content: OfflineContent): string {
  const bytes = Buffer.from(JSON.stringify(content));
  try {
    const { upn } = content.record.user;
    return Buffer.from(seal(key, userLabel(upn, 'offline-content'), bytes)).toString('base64url');
  } finally {
    bytes.fill(0);
  }
}

/** @throws DeviceError `state-damaged` */
export function openContent(key: MasterKey, upn: string, sealed: string): OfflineContent {
  try {
    const bytes = open(key, userLabel(upn, 'offline-content'), Buffer.from(sealed, 'base64url'));
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (error) {
    const cause = error instanceof SecretsError ? error.code : 'of an older version'; // the parser would quote it
    throw new DeviceError('state-damaged', { about: 'offline sign-in', details: { cause } });
  }
}
