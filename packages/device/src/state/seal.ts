/** What of the state is secret: sealed under the machine's own key, each value bound to its place. */
import { existsSync } from 'node:fs';
import {
  createMasterKey,
  loadMasterKey,
  type MasterKey,
  open,
  type SealLabel,
  SecretsError,
  seal,
} from '@kennel/secrets';
import { DeviceError } from '../errors/device-error.ts';
import { statePaths } from './files.ts';

/** @throws DeviceError `machine-key-unusable` */
export function machineKey(stateDir: string): MasterKey {
  return explained(() => loadMasterKey(statePaths(stateDir).machineKey));
}

/** The machine's key, made at the first join. @throws DeviceError `machine-key-unusable` */
export function ensureMachineKey(stateDir: string): MasterKey {
  const path = statePaths(stateDir).machineKey;
  return existsSync(path) ? machineKey(stateDir) : explained(() => createMasterKey(path));
}

/** Base64url of the sealed bytes. */
export function sealed(machine: MasterKey, label: SealLabel, plaintext: Uint8Array): string {
  return Buffer.from(seal(machine, label, plaintext)).toString('base64url');
}

/** @throws DeviceError `machine-key-unusable` (another key), `state-damaged` (altered, or moved from elsewhere) */
export function opened(machine: MasterKey, label: SealLabel, text: string): Buffer {
  return explained(() => Buffer.from(open(machine, label, Buffer.from(text, 'base64url'))));
}

/** Work whose errors of sealing are ours. */
export function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asOurs(error);
  }
}

/** An error of sealing as ours; any other as it is. */
export function asOurs(error: unknown): unknown {
  if (!(error instanceof SecretsError)) return error;
  const damaged = error.code.startsWith('sealed-value-');
  return new DeviceError(damaged ? 'state-damaged' : 'machine-key-unusable', {
    message: error.message,
    details: { ...error.details, cause: error.code },
  });
}
