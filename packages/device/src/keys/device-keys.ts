/**
 * The two keys of a device, wherever they lie: one signs (certificate request, PRT request, its own certificate of a
 * hybrid join), the other opens session keys. Nobody above this folder sees a private key.
 */
import type { KeyObject } from 'node:crypto';

export type KeyProvider = 'tpm' | 'software';

export interface SigningKey {
  readonly publicKey: KeyObject;
  /** RSASSA-PKCS1-v1_5 with SHA-256, over the whole data. */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

export interface TransportKey {
  readonly publicKey: KeyObject;
  /** RSA-OAEP with SHA-1. @throws DeviceError `tenant-answer-foreign` where it is not for this key */
  decrypt(wrapped: Uint8Array): Promise<Uint8Array>;
}

export interface DeviceKeys {
  readonly device: SigningKey;
  readonly transport: TransportKey;
}

/** Keys that were just made, and are kept nowhere yet. */
export interface NewDeviceKeys<Stored> extends DeviceKeys {
  /** What device.json keeps of them. @param deviceId the device that they are sealed for */
  stored(deviceId: string): Stored;
}
