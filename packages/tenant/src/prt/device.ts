/** Which device signed a PRT request: the signature is by the key of its current certificate, and it is enabled. */
import { PrtError, verifyJws } from '@kennel/prt';
import { checkEnabled, currentDevice } from '../devices/current-device.ts';
import { TenantError } from '../errors.ts';
import type { DeviceRow } from '../store/schema.ts';
import type { Tenant } from '../tenant.ts';
import type { PrtRequest } from './request.ts';

/**
 * @param onDevice called as soon as the request names one of our certificates: for the audit of a refusal
 * @throws TenantError those of {@link currentDevice}, `device-signature-invalid`, `device-disabled`
 */
export async function verifyDevice(
  tenant: Tenant,
  request: PrtRequest,
  onDevice: (deviceId: string) => void,
): Promise<DeviceRow> {
  const { device, publicKey } = await currentDevice(tenant, request.certificate, onDevice);
  try {
    verifyJws(request.jws, publicKey);
  } catch (error) {
    if (!(error instanceof PrtError)) throw error;
    throw new TenantError(
      'device-signature-invalid',
      'The request is not signed by the key of its device. Join the device again.',
    );
  }
  await checkEnabled(tenant, device);
  return device;
}
