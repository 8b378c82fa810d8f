/**
 * A device deletes itself ([MS-DVRJ] has no message for it; the open clients do): the proof is its certificate as
 * the TLS client's, in the first handshake. So registration answers on a listener of its own: one that asks for
 * certificates would have browsers ask people for one.
 */
import type { TLSSocket } from 'node:tls';
import { z } from 'zod';
import type { AuditEvent } from '../audit/rules.ts';
import { TenantError } from '../errors.ts';
import type { Routes } from '../server/fastify.ts';
import type { Tenant, Visitor } from '../tenant.ts';
import { checkEnabled, currentDevice } from './current-device.ts';
import { deleteDevice } from './queries.ts';

const params = z.object({ device: z.guid().toLowerCase() });

/** On a listener that asks for client certificates. */
export function deletionRoutes(app: Routes, tenant: Tenant): void {
  app.delete('/EnrollmentServer/device/:device', { schema: { params } }, async (request) => {
    const socket = request.raw.socket as TLSSocket; // this listener speaks TLS only
    const certificate = socket.getPeerX509Certificate?.()?.raw;
    const by = { correlationId: request.id, source: request.ip };
    await deleteItself(tenant, by, request.params.device, certificate);
    return {};
  });
}

async function deleteItself(
  tenant: Tenant,
  { correlationId, source }: Visitor,
  deviceId: string,
  certificate: Uint8Array | undefined,
): Promise<void> {
  let actor = 'unknown';
  const line = (outcome: Pick<AuditEvent, 'event' | 'outcome' | 'reason'>): AuditEvent => ({
    ...outcome,
    correlationId,
    actor,
    subject: `device:${deviceId}`,
  });
  try {
    if (certificate === undefined) throw foreign('The request bears no certificate of a device.');
    const { device } = await currentDevice(tenant, certificate, (id) => {
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

const foreign = (what: string) =>
  new TenantError(
    'device-certificate-foreign',
    `${what} Have an administrator delete it (\`kennel device delete\`).`,
  );
