/**
 * Registering a security key (W3C WebAuthn section 7.1): options with a challenge that is good once and for one
 * user; then the key's answer, checked and recorded. The user must verify at the key, and the credential must
 * be on it: the device has no user name to ask for it with.
 */
import {
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
} from '@simplewebauthn/server';
import { CEREMONY_EVENTS } from '../ceremonies/events.ts';
import { recordCeremony } from '../ceremonies/rules.ts';
import { sha256 } from '../digest.ts';
import { TenantError } from '../errors.ts';
import { consumePass } from '../passes/redeem.ts';
import { checkKeyPolicy, checkSelfService } from '../policy/keys.ts';
import { isUniqueViolation } from '../store/errors.ts';
import type { CredentialRow, UserRow } from '../store/schema.ts';
import { allowedOrigins, type Caller, type Tenant } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { findUser } from '../users/rules.ts';
import { readAttestationObject } from './attestation.ts';
import { type ClientData, readClientData } from './client-data.ts';
import { toKeyInfo } from './keys.ts';
import * as queries from './queries.ts';
import type { KeyRegistration, SecurityKeyInfo } from './schema.ts';
import { refuseSoftwareKey } from './software-key.ts';
import { ALGORITHMS, checkRegistration } from './verify-registration.ts';

const PURPOSE = 'key-registration';
const CHALLENGE_MINUTES = 5;
/**
 * A secret that the key gives back for a salt (CTAP hmac-secret), with which devices seal what offline sign-in needs.
 * Browsers ask for it as `prf`, other programs as `hmacCreateSecret`. A key that has none is registered all the same.
 */
const SECRET_WANTED = { hmacCreateSecret: true, prf: {} };

/**
 * The options for `navigator.credentials.create` and whatever stands in for it.
 *
 * @param binding what alone may answer: the session of a person's browser; empty where an administrator asks
 * @throws TenantError `user-not-found`
 */
export async function registrationOptions(
  tenant: Tenant,
  by: Caller,
  userName: string,
  timeoutMinutes = CHALLENGE_MINUTES,
  binding = '',
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const user = await findUser(tenant.store, userName);
  const known = await queries.credentialsOfUser(tenant.store, user.id);
  const options = await generateRegistrationOptions({
    rpName: tenant.config.tenantName,
    rpID: tenant.config.rpId,
    userName: user.user_principal_name,
    userDisplayName: user.display_name,
    userID: Uint8Array.from(Buffer.from(user.user_handle, 'base64url')),
    timeout: timeoutMinutes * 60_000,
    attestationType: 'direct',
    excludeCredentials: known.map(({ id }) => ({ id })),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    supportedAlgorithmIDs: ALGORITHMS,
    extensions: SECRET_WANTED,
  });
  await queries.insertChallenge(tenant.store, {
    challenge_hash: sha256(options.challenge),
    purpose: `${PURPOSE}${binding}`,
    user_id: user.id,
    expires_on: iso(later(tenant.now(), timeoutMinutes * 60)),
  });
  recordCeremony(tenant, {
    event: CEREMONY_EVENTS.REGISTRATION_STARTED,
    purpose: PURPOSE,
    traceId: by.correlationId,
    challenge: options.challenge,
    userId: user.id,
  });
  return options;
}

/** What a person's own registration comes with. */
export interface RegistrationContext {
  /** As the options were asked for. */
  binding?: string;
  /** The Temporary Access Pass that opened the way: the registration uses it up. */
  passId?: string | null;
}

/**
 * @throws TenantError `user-not-found`, `challenge-unknown`, `registration-invalid`, `software-key-refused`,
 *   `key-exists`, `self-service-off`, and those of {@link checkKeyPolicy}
 */
export async function registerKey(
  tenant: Tenant,
  by: Caller,
  userName: string,
  given: KeyRegistration,
  { binding = '', passId = null }: RegistrationContext = {},
): Promise<SecurityKeyInfo> {
  const user = await findUser(tenant.store, userName);
  const clientData = readClientData(given.credential.response.clientDataJSON);
  const step = {
    purpose: PURPOSE,
    traceId: by.correlationId,
    challenge: clientData?.challenge,
    origin: clientData?.origin,
    userId: user.id,
    credentialId: given.credential.id,
  } as const;
  try {
    await checkSelfService(tenant, by, user.id);
    const row = await verifiedRow(tenant, user, given, clientData, binding);
    await insert(tenant, row, passId);
    await tenant.audit.record({
      ...by,
      event: 'key.registered',
      subject: `user:${user.id} key:${row.id}`,
      outcome: 'allowed',
    });
    recordCeremony(tenant, { ...step, event: CEREMONY_EVENTS.REGISTRATION_COMPLETED, aaGuid: row.aaguid });
    return toKeyInfo(tenant, row);
  } catch (error) {
    if (error instanceof TenantError) {
      recordCeremony(tenant, {
        ...step,
        event: CEREMONY_EVENTS.REGISTRATION_FAILED,
        aaGuid: aaGuidOf(given),
        reason: error.code,
      });
      await tenant.audit.record({
        ...by,
        event: 'key.registration-refused',
        subject: `user:${user.id}`,
        outcome: 'denied',
        reason: error.code,
      });
    }
    throw error;
  }
}

/** As the key claims; undefined where its answer cannot be read. */
const aaGuidOf = ({ credential }: KeyRegistration) =>
  readAttestationObject(Buffer.from(credential.response.attestationObject, 'base64url'))?.aaGuid;

/** The key, and with it the end of a pass that is good for one registration: both or neither. */
async function insert(tenant: Tenant, row: CredentialRow, passId: string | null): Promise<void> {
  try {
    await tenant.store.transaction().execute(async (transaction) => {
      if (passId !== null) await consumePass(transaction, passId, tenant.now());
      await queries.insertCredential(transaction, row);
    });
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new TenantError(
      'key-exists',
      'This credential is registered already. Remove it first, or use another key.',
    );
  }
}

/** What the holder of the key can do something about. */
const REASONS: Readonly<Record<string, string>> = {
  'user verification':
    'This key did not check that it is you. Set a PIN or a fingerprint on it, or use another key.',
  'credProps: not discoverable':
    'This key cannot hold the passkey: it is full, or of an old kind. Remove passkeys from it, or use another key.',
};

async function verifiedRow(
  tenant: Tenant,
  user: UserRow,
  given: KeyRegistration,
  clientData: ClientData | undefined,
  binding: string,
): Promise<CredentialRow> {
  const now = tenant.now();
  const invalid = (cause: string) =>
    new TenantError(
      'registration-invalid',
      REASONS[cause] ??
        "The security key's answer could not be verified. Begin again, on the address of this tenant.",
      { cause },
    );
  if (clientData === undefined || clientData.crossOrigin) throw invalid('client data');
  const { challenge } = clientData;
  const issued = await queries.takeChallenge(tenant.store, sha256(challenge));
  if (
    issued?.purpose !== `${PURPOSE}${binding}` ||
    issued.user_id !== user.id ||
    issued.expires_on < iso(now)
  ) {
    throw new TenantError(
      'challenge-unknown',
      'This registration was not begun here, is over, or took too long. Begin again.',
    );
  }
  const { id, rawId, response, clientExtensionResults } = given.credential;
  if (clientExtensionResults?.credProps?.rk === false) throw invalid('credProps: not discoverable');
  const checked = await checkRegistration({
    response: { id, rawId, ...response },
    challenge,
    origins: allowedOrigins(tenant),
    rpId: tenant.config.rpId,
    requireUserVerification: true,
    modelOf: (aaGuid) => tenant.metadata.model(aaGuid),
    now,
  });
  if ('cause' in checked) throw invalid(checked.cause);
  const { credential, aaguid, credentialDeviceType, credentialBackedUp } = checked.info.registrationInfo;
  if (credential.id !== given.credential.id) throw invalid('credential id');
  refuseSoftwareKey(tenant, aaguid);
  const row: CredentialRow = {
    id: credential.id,
    user_id: user.id,
    public_key: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    aaguid,
    attestation_format: checked.fmt,
    attestation_object: response.attestationObject,
    statement_verified: Number(checked.statementVerified),
    transports: JSON.stringify(response.transports ?? []),
    backup_eligible: Number(credentialDeviceType === 'multiDevice'),
    backed_up: Number(credentialBackedUp),
    display_name: given.displayName,
    created_on: iso(now),
    last_used_on: null,
    last_used_where: null,
    removed_on: null,
  };
  await checkKeyPolicy(tenant, row, checked.attestation);
  return row;
}
