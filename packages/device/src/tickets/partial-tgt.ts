/** The partial TGT on the device: opened with its client key, sealed while no domain controller answers. */
import { type Credentials, KerberosError, Key, openAsRep } from '@kennel/kerberos';
import type { MasterKey } from '@kennel/secrets';
import { z } from 'zod';
import { DeviceError } from '../errors/device-error.ts';
import type { LiveSecrets } from '../state/boot-key.ts';
import { sealed } from '../state/seal.ts';
import { type UserRecord, userLabel } from '../state/user.ts';

/** As the tenant sends it: the client key (32 bytes for key type 18) and a DER AS-REP. */
export interface PartialTgtMessage {
  clientKey: Uint8Array;
  keyType: number;
  messageBuffer: Uint8Array;
}

export interface PartialTgt {
  message: PartialTgtMessage;
  credentials: Credentials;
}

const REALM = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,253}[A-Za-z0-9])?$/;

/**
 * Opens the AS-REP. @throws DeviceError `tenant-answer-malformed` where the key does not fit, the bytes are none,
 * or the ticket is not a ticket-granting ticket of the client's own realm
 */
export function openPartialTgt(message: PartialTgtMessage): PartialTgt {
  try {
    const credentials = openAsRep(
      message.messageBuffer,
      new Key(message.keyType, Buffer.from(message.clientKey)),
    );
    const { client, server } = credentials;
    const own =
      server.name.nameString.join('/') === `krbtgt/${client.realm}` && server.realm === client.realm;
    if (!own || !REALM.test(client.realm)) throw unusable('it is no ticket-granting ticket');
    return { message, credentials };
  } catch (error) {
    if (error instanceof KerberosError) throw unusable(error.code);
    throw error;
  }
}

const unusable = (about: string) =>
  new DeviceError('tenant-answer-malformed', { about: `partial TGT: ${about}` });

const base64 = z.base64();
const sealedMessage = z.strictObject({ clientKey: base64, keyType: z.int(), messageBuffer: base64 });

/** What of the partial TGT is kept for later. */
export function sealPartialTgt(
  boot: MasterKey,
  upn: string,
  { message, credentials }: PartialTgt,
): NonNullable<UserRecord['partialTgt']> {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const kept = Buffer.from(
    JSON.stringify({
      ...message,
      clientKey: text(message.clientKey),
      messageBuffer: text(message.messageBuffer),
    }),
  );
  return {
    sealed: sealed(boot, userLabel(upn, 'partial-tgt'), kept),
    realm: credentials.client.realm,
    endTime: credentials.endtime.toISOString(),
  };
}

/** @throws DeviceError `state-damaged`, `locked` */
export function unsealPartialTgt(live: LiveSecrets, upn: string, text: string): PartialTgt {
  const kept = sealedMessage.parse(JSON.parse(live(userLabel(upn, 'partial-tgt'), text).toString()));
  const bytes = (value: string) => Buffer.from(value, 'base64');
  return openPartialTgt({
    ...kept,
    clientKey: bytes(kept.clientKey),
    messageBuffer: bytes(kept.messageBuffer),
  });
}
