/**
 * A device deletes itself ([MS-DVRJ] has no message for it; the open clients do): the proof is its certificate as
 * the TLS client's, in the first handshake. So registration answers on a listener of its own: one that asks for
 * certificates would have browsers ask people for one. A device whose key lies in a TPM, out of reach of its TLS
 * library, sends a signed credential for this purpose in place of it.
 */
import type { TLSSocket } from 'node:tls';
import { z } from 'zod';
import type { AuditEvent } from '../audit/rules.ts';
import { TenantError } from '../errors.ts';
import type { Routes } from '../server/fastify.ts';
import type { DeviceRow } from '../store/schema.ts';
import type { Tenant, Visitor } from '../tenant.ts';
import { checkEnabled, currentDevice } from './current-device.ts';
import { DEVICE_CREDENTIAL, deviceOfCredential } from './device-credential.ts';
import { deleteDevice } from './queries.ts';

const params = z.object({ device: z.guid().toLowerCase() });

/** On a listener that asks for client certificates. */
export function deletionRoutes(app: Routes, tenant: Tenant): void {
  app.delete('/EnrollmentServer/device/:device', { schema: { params } }, async (request) => {
    const socket = request.raw.socket as TLSSocket; // this listener speaks TLS only
    const certificate = socket.getPeerX509Certificate?.()?.raw;
    const credential = request.headers[DEVICE_CREDENTIAL.toLowerCase()];
    const by = { correlationId: request.id, source: request.ip };
    const proof = { certificate, credential: typeof credential === 'string' ? credential : undefined };
    await deleteItself(tenant, by, request.params.device, proof);
    return {};
  });
}

/** What the request bears: a certificate that TLS has verified the key of, or a credential. */
interface Proof {
  certificate: Uint8Array | undefined;
  credential: string | undefined;
}

async function deleteItself(
  tenant: Tenant,
  { correlationId, source }: Visitor,
  deviceId: string,
  proof: Proof,
): Promise<void> {
  let actor = 'unknown';
  const line = (outcome: Pick<AuditEvent, 'event' | 'outcome' | 'reason'>): AuditEvent => ({
    ...outcome,
    correlationId,
    actor,
    subject: `device:${deviceId}`,
  });
  try {
    const device = await proven(tenant, proof, (id) => {
      actor = `device:${id}`;
    });
    if (device.id !== deviceId) throw foreign('A device can delete itself only.');
    await checkEnabled(tenant, device); // else who was locked out could come back as a new device
    await deleteDevice(tenant.store, device.id);
    await tenant.audit.record(line({ event: 'device.deleted', outcome: 'allowed' }));
  } catch (error) {
    if (error instanceof TenantError) {
      const refused = line({ event: 'device.delete-refused', outcome: 'denied', reason: error.code });
      await (actor === 'unknown' ? tenant.strangers.refused(source, refused) : tenant.audit.record(refused));
    }
    throw error;
  }
}

async function proven(
  tenant: Tenant,
  { certificate, credential }: Proof,
  onDevice: (deviceId: string) => void,
): Promise<DeviceRow> {
  if (certificate !== undefined) return (await currentDevice(tenant, certificate, onDevice)).device;
  if (credential !== undefined) return deviceOfCredential(tenant, credential, 'delete', onDevice);
  throw foreign('The request bears no certificate of a device.');
}

const foreign = (what: string) =>
  new TenantError(
    'device-certificate-foreign',
    `${what} Have an administrator delete it (\`kennel device delete\`).`,
  );
