/** Registering a key for a user: options from the tenant, the key's answer, and what happened on this side for the log of ceremonies. */
import type { SecurityKey, SecurityKeyError } from '@kennel/security-key';
import type { SecurityKeyInfo } from '@kennel/tenant';
import { admin } from './admin.ts';

export interface KeyRegistrationOrder {
  user: string;
  displayName: string;
  pin: string;
  /** Told of the credential on the key, before the tenant hears of it. */
  onMade?: (credentialId: string) => void;
}

/** @throws SecurityKeyError, TenantError */
export async function registerKey(
  key: SecurityKey,
  { user, displayName, pin, onMade }: KeyRegistrationOrder,
): Promise<SecurityKeyInfo> {
  const [{ createCredentialJson }, { CEREMONY_EVENTS }, tenant] = await Promise.all([
    import('@kennel/security-key'),
    import('@kennel/tenant/admin'),
    admin(),
  ]);
  const { aaguid } = await key.info();
  const { publicKey, origin } = await tenant.keys.options(user);
  const step = { user, challenge: publicKey.challenge, aaGuid: aaguid };
  await tenant.ceremonies.report({ ...step, event: CEREMONY_EVENTS.DEVICE_INFO });
  await tenant.ceremonies.report({ ...step, event: CEREMONY_EVENTS.CTAP_STARTED });
  const started = performance.now();
  const elapsedMs = () => Math.round(performance.now() - started);
  const credential = await createCredentialJson(key, publicKey, origin, pin).catch(async (error: unknown) => {
    const reported = { ...step, event: CEREMONY_EVENTS.CTAP_FAILED, elapsedMs: elapsedMs() };
    await tenant.ceremonies.report({ ...reported, ...clientErrorOf(error) });
    throw error;
  });
  await tenant.ceremonies.report({
    ...step,
    event: CEREMONY_EVENTS.CTAP_COMPLETED,
    ctapStatus: 0,
    elapsedMs: elapsedMs(),
  });
  onMade?.(credential.id);
  return tenant.keys.register(user, { displayName, credential });
}

/** The code of the key's error, and the CTAP status where there was one. */
function clientErrorOf(error: unknown): { clientError?: string; ctapStatus?: number } {
  const { code, details } = error as Partial<SecurityKeyError>; // anything may be thrown
  const status = Number(details?.status);
  return {
    ...(typeof code === 'string' && { clientError: code }),
    ...(Number.isInteger(status) && { ctapStatus: status }),
  };
}
