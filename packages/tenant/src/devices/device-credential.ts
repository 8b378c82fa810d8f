/**
 * `x-ms-DeviceCredential`: a device proves itself by a JWS of its key, with its current certificate and a nonce of ours.
 * Made for one purpose, it is good for that one alone: a browser's (which names none, as the open clients send it),
 * or the device's own deletion.
 */
import { certificatesOf, PrtError, parseJws, verifyJws } from '@kennel/prt';
import { z } from 'zod';
import { TenantError } from '../errors.ts';
import { spendNonces } from '../nonce/rules.ts';
import { nonce } from '../prt/request.ts';
import type { DeviceRow } from '../store/schema.ts';
import type { Tenant } from '../tenant.ts';
import { currentDevice } from './current-device.ts';

export const DEVICE_CREDENTIAL = 'x-ms-DeviceCredential';
export const COMPACT_JWS = /^[\w+/=-]{1,4096}\.[\w+/=-]{1,8192}\.[\w+/=-]{1,1024}$/;

const payload = z.object({ request_nonce: nonce, purpose: z.string().max(32).optional() });
const USES = { browser: undefined, delete: 'delete' } as const;

/**
 * The device that made the credential; whether it is enabled is for the caller to check.
 *
 * @param onDevice called as soon as it names one of our certificates: for the audit of a refusal
 * @throws TenantError `device-signature-invalid`, those of {@link currentDevice} and of the nonce
 */
export async function deviceOfCredential(
  tenant: Tenant,
  text: string,
  purpose: keyof typeof USES,
  onDevice: (deviceId: string) => void = () => undefined,
): Promise<DeviceRow> {
  try {
    if (!COMPACT_JWS.test(text)) throw foreignCredential();
    const jws = parseJws(text);
    const [certificate] = certificatesOf(jws.header);
    const said = payload.safeParse(jws.payload);
    if (certificate === undefined || !said.success || said.data.purpose !== USES[purpose])
      throw foreignCredential();
    const { device, publicKey } = await currentDevice(tenant, certificate, onDevice);
    verifyJws(jws, publicKey);
    await spendNonces(tenant, [{ nonce: said.data.request_nonce, use: `device-${purpose}` }]);
    return device;
  } catch (error) {
    throw error instanceof PrtError ? foreignCredential() : error;
  }
}

/** Of another device, another purpose, or no credential at all. */
export const foreignCredential = () =>
  new TenantError(
    'device-signature-invalid',
    'The device credential is not by the key of its device, or is for something else. Join the device again.',
  );
