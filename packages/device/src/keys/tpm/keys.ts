/**
 * Keys of a device in a TPM 2.0: made inside it, under its storage hierarchy, and never outside it in clear. device.json
 * keeps them as the TPM wraps them, worth nothing at another TPM or after this one was cleared.
 */
import { createHash, createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { DeviceError } from '../../errors/device-error.ts';
import type { DeviceKeys, NewDeviceKeys } from '../device-keys.ts';
import { type Tcti, type TpmSession, TpmToolError, withTpm } from './tools.ts';

const blob = z.base64().max(8192);
/** TPM2B_PUBLIC and TPM2B_PRIVATE ([TPM 2.0 Part 2] 12.2.5, 12.3.7), and the public key as others read it. */
const wrapped = z.strictObject({ public: blob, private: blob, spki: blob });
type Wrapped = z.output<typeof wrapped>;

export const tpmKeys = z.strictObject({ tpm: z.strictObject({ device: wrapped, transport: wrapped }) });
export type StoredTpmKeys = z.output<typeof tpmKeys>;

/** It cannot leave this TPM, was made in it, and wrong guesses of other secrets do not lock it. */
const ATTRIBUTES = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda';
const KINDS = {
  device: { algorithm: 'rsa2048:rsassa-sha256:null', attributes: `${ATTRIBUTES}|sign` },
  transport: { algorithm: 'rsa2048:oaep-sha1:null', attributes: `${ATTRIBUTES}|decrypt` },
} as const;
const RSA_BYTES = 256;

/** @throws DeviceError `tpm-unreachable`, `tpm-failed` */
export async function newTpmKeys(tcti: Tcti): Promise<NewDeviceKeys<StoredTpmKeys>> {
  const tpm = await withTpm(tcti, async (session) => {
    await parent(session);
    return { device: await make(session, 'device'), transport: await make(session, 'transport') };
  }).catch(explained);
  return { ...openTpmKeys(tcti, { tpm }), stored: () => ({ tpm }) };
}

/** @param tcti undefined where no TPM is found now @throws (when used) DeviceError `tpm-unreachable`, `tpm-keys-lost`, `tpm-failed` */
export function openTpmKeys(tcti: Tcti | undefined, { tpm }: StoredTpmKeys): DeviceKeys {
  const at = async <T>(key: Wrapped, use: (session: TpmSession) => Promise<T>): Promise<T> => {
    if (tcti === undefined) throw new DeviceError('tpm-unreachable', { about: 'no TPM, or no tpm2-tools' });
    return withTpm(tcti, async (session) => {
      await parent(session);
      await load(session, key);
      return use(session);
    }).catch(explained);
  };
  return {
    device: {
      publicKey: publicKeyOf(tpm.device),
      sign: (data) =>
        at(tpm.device, async ({ run, read, write }) => {
          write('digest', createHash('sha256').update(data).digest());
          const scheme = ['-g', 'sha256', '-s', 'rsassa', '-f', 'plain'];
          await run('sign', '-Q', '-c', 'key.ctx', ...scheme, '-d', '-o', 'signature', 'digest');
          return read('signature');
        }),
    },
    transport: {
      publicKey: publicKeyOf(tpm.transport),
      decrypt: (wrappedKey) =>
        at(tpm.transport, async ({ run, write }) => {
          // Nothing that is no ciphertext of this length is put before the TPM.
          if (wrappedKey.length !== RSA_BYTES) throw new DeviceError('tenant-answer-foreign');
          write('wrapped', wrappedKey);
          // The padding is the key's own; the key that comes out goes through a pipe, and on no disk.
          return run('rsadecrypt', '-c', 'key.ctx', '-s', 'null', 'wrapped').catch(notForUs);
        }),
    },
  };
}

const publicKeyOf = ({ spki }: Wrapped) =>
  createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });

/** The primary key of the storage hierarchy: made anew each time, and always the same until the TPM is cleared. */
const parent = ({ run }: TpmSession) =>
  run('createprimary', '-Q', '-C', 'o', '-G', 'ecc', '-c', 'parent.ctx');

async function make({ run, read }: TpmSession, kind: keyof typeof KINDS): Promise<Wrapped> {
  const { algorithm, attributes } = KINDS[kind];
  const files = ['-u', 'key.pub', '-r', 'key.priv'];
  await run('create', '-Q', '-C', 'parent.ctx', '-G', algorithm, '-a', attributes, ...files);
  await run('load', '-Q', '-C', 'parent.ctx', ...files, '-c', 'key.ctx');
  await run('readpublic', '-Q', '-c', 'key.ctx', '-f', 'der', '-o', 'key.der');
  const text = (name: string) => read(name).toString('base64');
  return { public: text('key.pub'), private: text('key.priv'), spki: text('key.der') };
}

async function load({ run, write }: TpmSession, key: Wrapped): Promise<void> {
  write('key.pub', Buffer.from(key.public, 'base64'));
  write('key.priv', Buffer.from(key.private, 'base64'));
  await run('load', '-Q', '-C', 'parent.ctx', '-u', 'key.pub', '-r', 'key.priv', '-c', 'key.ctx');
}

/** The TPM answers, has the key, and does not open this with it. */
function notForUs(error: unknown): never {
  if (!(error instanceof TpmToolError)) throw error;
  throw new DeviceError('tenant-answer-foreign', { details: { cause: error.reply } });
}

function explained(error: unknown): never {
  if (!(error instanceof TpmToolError)) throw error;
  const { program, reply } = error;
  // The wrapping is of another seed: the TPM was cleared, or it is another one.
  const lost = program === 'tpm2_load';
  const about = reply.split('\n')[0]?.replace(/^ERROR: /, '');
  throw new DeviceError(lost ? 'tpm-keys-lost' : 'tpm-failed', {
    ...(about && !lost ? { about } : {}),
    details: { program, reply },
  });
}
