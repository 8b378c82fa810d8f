/** device.json: which tenant this device belongs to, its certificate, and its two private keys, sealed. */
import type { KdcAddress } from '@kennel/kerberos';
import { JOIN_TYPES } from '@kennel/prt';
import { z } from 'zod';
import { DeviceError } from '../errors/device-error.ts';
import type { DeviceKeys } from '../keys/device-keys.ts';
import { openDeviceKeys, storedKeys } from '../keys/store.ts';
import { readState, statePaths, writeState } from './files.ts';
import { machineKey } from './seal.ts';

const kdcAddress = z.strictObject({ host: z.string().min(1).max(253), port: z.int().min(1).max(65_535) });

const schema = z.strictObject({
  tenant: z.strictObject({
    /** Its origin: the address that was joined. */
    url: z.url(),
    /** PEM file; the system's roots where it is missing. */
    caFile: z.string().optional(),
    id: z.string(),
    name: z.string(),
    rpId: z.string(),
    tokenEndpoint: z.url(),
    registrationEndpoint: z.url(),
  }),
  device: z.strictObject({
    id: z.guid(),
    displayName: z.string(),
    joinType: z.enum(JOIN_TYPES),
    /** DER. */
    certificate: z.base64(),
    joinedBy: z.string(),
    joinedOn: z.iso.datetime(),
    /** The domain whose computer this is, of a hybrid join. */
    domain: z.strictObject({ dnsName: z.string(), netbiosName: z.string() }).optional(),
  }),
  keys: storedKeys,
  /** Where the domain controllers of a realm were said to be. */
  kdcs: z.record(z.string(), z.array(kdcAddress).max(16)),
});

/** As stored; times are ISO 8601 in UTC. */
export type DeviceRecord = z.output<typeof schema>;

/** @returns undefined where the device is not joined */
export function findDevice(stateDir: string): DeviceRecord | undefined {
  return readState(statePaths(stateDir).device, schema);
}

/** @throws DeviceError `not-joined`, and those of reading a state file */
export function readDevice(stateDir: string): DeviceRecord {
  const record = findDevice(stateDir);
  if (record === undefined) throw new DeviceError('not-joined');
  return record;
}

export function writeDevice(stateDir: string, record: DeviceRecord): void {
  writeState(statePaths(stateDir).device, record);
}

/** The certificate, DER. */
export const certificateOf = ({ device }: DeviceRecord): Buffer => Buffer.from(device.certificate, 'base64');

/** The device's keys. @throws DeviceError (now, or when they are used) `state-damaged`, `machine-key-unusable`, `tpm-*` */
export const keysOf = (stateDir: string, { device, keys }: DeviceRecord): DeviceKeys =>
  openDeviceKeys(() => machineKey(stateDir), device.id, keys);

/**
 * A domain controller that was named is remembered for its realm. The file is read anew: another process may have
 * joined this device again since.
 *
 * @returns the addresses to use
 */
export function rememberKdc(
  stateDir: string,
  realm: string,
  given: KdcAddress | undefined,
): readonly KdcAddress[] {
  const record = readDevice(stateDir);
  const known = record.kdcs[realm] ?? [];
  if (given === undefined) return known;
  const { host, port } = given;
  if (known.length !== 1 || known[0]?.host !== host || known[0].port !== port) {
    writeDevice(stateDir, { ...record, kdcs: { ...record.kdcs, [realm]: [{ host, port }] } });
  }
  return [given];
}
