/**
 * The end of the device CA is told in time: with it end the certificates that it has issued, and no device joins any more.
 * Once at the start, then each day, in the log; and whenever somebody asks for the tenant's status.
 */
import type { Tenant } from '../tenant.ts';
import { later } from '../time.ts';
import type { DeviceCaStatus } from './schema.ts';

const WARN_SECONDS = 90 * 86_400;
const EVERY_MS = 86_400_000;

export function deviceCaStatus({ keys, now }: Pick<Tenant, 'keys' | 'now'>): DeviceCaStatus {
  const { fingerprint256: fingerprint, validToDate } = keys.deviceCa.certificate;
  const time = now();
  const notAfter = validToDate.toISOString();
  if (validToDate > later(time, WARN_SECONDS)) return { fingerprint, notAfter, state: 'good', warning: null };
  const state = validToDate > time ? 'ending' : 'ended';
  const what =
    state === 'ended'
      ? `The device CA ended on ${notAfter}: no device can join, and those of it are refused.`
      : `The device CA ends on ${notAfter}, and with it the certificates that it has issued.`;
  return {
    ...{ fingerprint, notAfter, state },
    warning: `${what} Stop the tenant, run \`kennel device-ca renew\`, start it, and have devices join again.`,
  };
}

/** Begins to look; the result ends it. */
export function watchDeviceCa(tenant: Pick<Tenant, 'keys' | 'now' | 'log'>): () => void {
  const look = () => {
    const { warning, fingerprint, notAfter } = deviceCaStatus(tenant);
    if (warning !== null) tenant.log.warn({ fingerprint, notAfter }, warning);
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
