/** Where the keys of a device lie: in the machine's TPM where it has one, else sealed under the machine's own key. */
import type { MasterKey } from '@kennel/secrets';
import { z } from 'zod';
import { DeviceError } from '../errors/device-error.ts';
import type { DeviceKeys, KeyProvider, NewDeviceKeys } from './device-keys.ts';
import { newSoftwareKeys, openSoftwareKeys, softwareKeys } from './software.ts';
import { newTpmKeys, openTpmKeys, tpmKeys } from './tpm/keys.ts';
import { findTpm } from './tpm/tools.ts';

/** As in device.json. */
export const storedKeys = z.union([softwareKeys, tpmKeys]);
export type StoredKeys = z.output<typeof storedKeys>;

/** `auto` is the TPM where there is one. */
export type KeyStore = 'auto' | KeyProvider;

/** @throws DeviceError `tpm-missing`, `tpm-unreachable`, `tpm-failed` */
export async function newDeviceKeys(
  store: KeyStore,
  machine: () => MasterKey,
): Promise<NewDeviceKeys<StoredKeys>> {
  const tcti = store === 'software' ? undefined : findTpm();
  if (tcti !== undefined) return newTpmKeys(tcti);
  if (store === 'tpm') throw new DeviceError('tpm-missing');
  return newSoftwareKeys(machine);
}

/** @throws DeviceError (now, or when they are used) `state-damaged`, `machine-key-unusable`, `tpm-*` */
export const openDeviceKeys = (machine: () => MasterKey, deviceId: string, stored: StoredKeys): DeviceKeys =>
  'tpm' in stored ? openTpmKeys(findTpm(), stored) : openSoftwareKeys(machine(), deviceId, stored);

export const providerOf = (stored: StoredKeys): KeyProvider => ('tpm' in stored ? 'tpm' : 'software');
