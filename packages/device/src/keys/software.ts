/** Keys of a device without a TPM: in its memory while used, else sealed under the machine's own key. */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  sign,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { MasterKey } from '@kennel/secrets';
import { z } from 'zod';
import { DeviceError } from '../errors/device-error.ts';
import { opened, sealed } from '../state/seal.ts';
import type { DeviceKeys, NewDeviceKeys, SigningKey, TransportKey } from './device-keys.ts';

const base64Url = z.string().regex(/^[A-Za-z0-9_-]+$/);

/** PKCS #8, sealed. */
export const softwareKeys = z.strictObject({ device: base64Url, transport: base64Url });
export type StoredSoftwareKeys = z.output<typeof softwareKeys>;

const MODULUS_BITS = 2048;
const generate = () => promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS });

/** RSA-2048, as device registration asks for. @param machine made or read when the keys are to be stored */
export async function newSoftwareKeys(machine: () => MasterKey): Promise<NewDeviceKeys<StoredSoftwareKeys>> {
  const [device, transport] = [(await generate()).privateKey, (await generate()).privateKey];
  return {
    ...keysOf(device, transport),
    stored: (deviceId) => ({
      device: seal(machine(), deviceId, 'device', device),
      transport: seal(machine(), deviceId, 'transport', transport),
    }),
  };
}

/** @throws (when used) DeviceError `state-damaged`, `machine-key-unusable` */
export function openSoftwareKeys(
  machine: MasterKey,
  deviceId: string,
  stored: StoredSoftwareKeys,
): DeviceKeys {
  return keysOf(
    unseal(machine, deviceId, 'device', stored.device),
    unseal(machine, deviceId, 'transport', stored.transport),
  );
}

function keysOf(device: KeyObject, transport: KeyObject): DeviceKeys {
  return { device: signingKey(device), transport: transportKey(transport) };
}

const signingKey = (key: KeyObject): SigningKey => ({
  publicKey: createPublicKey(key),
  sign: async (data) => sign('sha256', data, key),
});

const transportKey = (key: KeyObject): TransportKey => ({
  publicKey: createPublicKey(key),
  decrypt: async (wrapped) => {
    try {
      return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, wrapped);
    } catch (error) {
      throw new DeviceError('tenant-answer-foreign', { details: { cause: String(error) } });
    }
  },
});

type KeyName = keyof StoredSoftwareKeys;
const label = (deviceId: string, name: KeyName) => ({ purpose: `${name}-private-key`, row: deviceId });

function seal(machine: MasterKey, deviceId: string, name: KeyName, key: KeyObject): string {
  const der = key.export({ format: 'der', type: 'pkcs8' });
  try {
    return sealed(machine, label(deviceId, name), der);
  } finally {
    der.fill(0);
  }
}

function unseal(machine: MasterKey, deviceId: string, name: KeyName, text: string): KeyObject {
  const der = opened(machine, label(deviceId, name), text);
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } finally {
    der.fill(0);
  }
}
