/**
 * Verifying an assertion (W3C WebAuthn section 7.2). Whatever comes before a good signature is answered alike
 * for keys and users that exist and that do not; who holds the key is told the true reason.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { assertionChallenge, type FidoAssertion } from '@kennel/prt';
import { parseAuthenticatorData } from '@simplewebauthn/server/helpers';
import type { AuditEvent } from '../audit/rules.ts';
import type { Work } from '../audit/trail.ts';
import { CEREMONY_EVENTS, type CeremonyEventId } from '../ceremonies/events.ts';
import { recordCeremony } from '../ceremonies/rules.ts';
import { TenantError } from '../errors.ts';
import { checkNonces, type NonceToSpend, spendNonces } from '../nonce/rules.ts';
import { keyPolicyOf } from '../policy/effective.ts';
import { checkKey } from '../policy/keys.ts';
import type { KeyPolicy } from '../policy/schema.ts';
import { together } from '../store/batch.ts';
import type { Store } from '../store/open.ts';
import type { CredentialRow, UserRow } from '../store/schema.ts';
import { allowedOrigins, type Caller, type Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import { checkAllowed } from '../users/may-sign-in.ts';
import { type ClientData, readClientData } from './client-data.ts';
import { flagsOf, USER_PRESENT, USER_VERIFIED } from './flags.ts';
import { type CredentialWithUser, credentialWithUser, keyAtSignIn } from './key-with-user.ts';
import { advanceCounter, type KeyUse, recordUse } from './queries.ts';
import { isSigned } from './signature.ts';
import { refuseSoftwareKey } from './software-key.ts';

export type AssertionPurpose = Parameters<typeof assertionChallenge>[0];

export interface GivenAssertion {
  assertion: FidoAssertion;
  purpose: AssertionPurpose;
  /** Spent with it, whatever becomes of it. */
  nonces: readonly NonceToSpend[];
  /** The user who was named before: a key may then leave out whose it is, and must be that user's. */
  identified?: string | undefined;
  /** Where the key is used, for the list of keys: `device:<id>`, or a browser in words. */
  where?: string;
}

/** Who was found to hold the key, as soon as that is proven: for the audit of a refusal. */
export type OnHolder = (user: UserRow, credential: CredentialRow) => void;

/** A user whose key has signed. */
export interface ProvenAssertion {
  user: UserRow;
  credential: CredentialRow;
  /**
   * Does what the assertion permits, in one commit with its nonces and the key's counter: it is accepted by this, or
   * refused.
   *
   * @throws TenantError `nonce-replayed`, `key-removed`, `key-counter-regressed`, and what the work throws
   */
  accept<T>(work: Work<T>): Promise<T>;
}

/**
 * The user whose key signed for this purpose, nonce and device. Nothing comes of it before it was accepted.
 *
 * @throws TenantError of the nonces, `assertion-invalid`, `assertion-wrong-purpose`, `assertion-wrong-device`,
 *   `key-unknown`, `key-removed`, `software-key-refused`, `user-disabled`, `account-*`, and those of the policy
 */
export async function verifyAssertion(
  tenant: Tenant,
  by: Pick<Caller, 'correlationId'>,
  given: GivenAssertion,
  onHolder: OnHolder,
): Promise<ProvenAssertion> {
  const { assertion, purpose } = given;
  const clientData = readClientData(assertion.clientDataJSON);
  let holder: { userId?: string; aaGuid?: string } = {};
  const step = (event: CeremonyEventId, reason?: string) =>
    recordCeremony(tenant, {
      event,
      purpose: purpose.purpose === 'registration' ? 'device-registration' : purpose.purpose,
      traceId: by.correlationId,
      challenge: clientData?.challenge,
      origin: clientData?.origin,
      credentialId: assertion.id,
      reason,
      ...holder,
    });
  const noted = async <T>(done: Promise<T>): Promise<T> => {
    try {
      return await done;
    } catch (error) {
      if (error instanceof TenantError) step(CEREMONY_EVENTS.ASSERTION_FAILED, error.code);
      throw error;
    }
  };
  const found: OnHolder = (user, credential) => {
    holder = { userId: user.id, aaGuid: credential.aaguid };
    onHolder(user, credential);
  };
  const { user, credential, use } = await noted(verify(tenant, by, { ...given, clientData }, found));
  return {
    user,
    credential,
    accept: async (work) => {
      const accepted = tenant.audit.decide(async (store) => {
        const [before, { result, events }] = await together(use(store), work(store));
        return { result, events: [...before, ...events] };
      });
      const result = await noted(spent(tenant, given.nonces, accepted));
      step(CEREMONY_EVENTS.ASSERTION_COMPLETED);
      return result;
    },
  };
}

async function verify(
  tenant: Tenant,
  by: Pick<Caller, 'correlationId'>,
  given: GivenAssertion & { clientData: ClientData | undefined },
  onHolder: OnHolder,
) {
  const { store } = tenant;
  const { assertion, clientData, nonces } = given;
  checkNonces(tenant, nonces);
  const { found, policies } = await keyAtSignIn(store, assertion.id);
  const checked = async () => {
    checkClientData(tenant, clientData, given.purpose);
    checkAuthenticatorData(tenant, assertion);
    const { credential, user, counter, backedUp } = checkSignature(assertion, found, given.identified);
    onHolder(user, credential);
    if (credential.removed_on !== null) throw removed();
    refuseSoftwareKey(tenant, credential.aaguid);
    checkAllowed(tenant, user, found?.account);
    const policy = await keyPolicyOf(tenant, user.id, policies);
    checkKey(tenant, policy, credential);
    if (given.identified !== undefined && user.id !== given.identified) {
      throw new TenantError(
        'key-of-another-user',
        "This security key is another user's. Use a key of your own, or sign in without a name.",
      );
    }
    const where = given.where ?? null;
    const use = { id: credential.id, counter, backedUp: Number(backedUp), where, now: iso(tenant.now()) };
    return {
      user,
      credential,
      use: async (transaction: Store) => {
        const spending = spendNonces(tenant, nonces, transaction);
        const [, raised] = await together(spending, advanceCounter(transaction, use));
        return raised ? [] : noteRegression(transaction, by, user, policy, use);
      },
    };
  };
  return spent(tenant, nonces, checked());
}

/** What was refused is not to be tried again, once circumstances are others: its nonces are spent all the same. */
async function spent<T>(tenant: Tenant, nonces: readonly NonceToSpend[], done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    if (error instanceof TenantError) await spendNonces(tenant, nonces);
    throw error;
  }
}

/** The lines of the audit that tell of a counter that did not rise. @throws TenantError `key-removed`, `key-counter-regressed` */
async function noteRegression(
  store: Store,
  by: Pick<Caller, 'correlationId'>,
  user: UserRow,
  policy: KeyPolicy,
  use: KeyUse & { counter: number },
): Promise<AuditEvent[]> {
  if (policy.counterRegression === 'log' && (await recordUse(store, use))) {
    return [
      {
        ...by,
        event: 'key.counter-regressed',
        actor: `user:${user.id}`,
        subject: `key:${use.id}`,
        outcome: 'allowed',
        reason: 'key-counter-regressed',
      },
    ];
  }
  const now = await credentialWithUser(store, use.id);
  if (now === undefined || now.credential.removed_on !== null) throw removed();
  throw new TenantError(
    'key-counter-regressed',
    "The security key's counter went back: it may have been copied. Have your administrator remove it, and use another key.",
    { stored: now.credential.counter, given: use.counter },
  );
}

const removed = () =>
  new TenantError(
    'key-removed',
    'This security key was removed from your account. Register it again, or use another key.',
  );

/** Type, origin and challenge: they tell nothing of any user. */
function checkClientData(tenant: Tenant, data: ClientData | undefined, purpose: AssertionPurpose): void {
  if (data === undefined) throw invalid('client data');
  if (data.type !== 'webauthn.get' || data.crossOrigin) throw invalid('type');
  if (!allowedOrigins(tenant).includes(data.origin)) throw invalid('origin');
  const { nonce } = purpose;
  if (!sameText(data.challenge, challengeText(purpose))) {
    const forRegistration = challengeText({ purpose: 'registration', nonce });
    if (purpose.purpose === 'prt' && !sameText(data.challenge, forRegistration)) {
      throw new TenantError(
        'assertion-wrong-device',
        'This answer of the security key was made for another device or another nonce. Sign in again on this device.',
      );
    }
    throw new TenantError(
      'assertion-wrong-purpose',
      'This answer of the security key was made for something else. Sign in again.',
    );
  }
}

/** RP ID and flags, again before anybody is looked up. */
function checkAuthenticatorData(tenant: Tenant, assertion: FidoAssertion): void {
  const bytes = Buffer.from(assertion.authenticatorData, 'base64url');
  if (bytes.length < 37) throw invalid('authenticator data');
  const rpIdHash = hash('sha256', tenant.config.rpId, 'buffer');
  if (!timingSafeEqual(bytes.subarray(0, 32), rpIdHash)) throw invalid('RP ID');
  const flags = flagsOf(bytes);
  if ((flags & USER_PRESENT) === 0) throw invalid('user presence');
  if ((flags & USER_VERIFIED) === 0) throw invalid('user verification');
}

interface Holder {
  credential: CredentialRow;
  user: UserRow;
  counter: number;
  backedUp: boolean;
}

function checkSignature(
  assertion: FidoAssertion,
  found: CredentialWithUser | undefined,
  identified: string | undefined,
): Holder {
  const unknown = (cause: string) =>
    new TenantError(
      'key-unknown',
      'This security key is not registered here, or its answer does not verify. Register the key, or use another one.',
      {
        cause,
      },
    );
  if (found === undefined) throw unknown('no such credential');
  // Section 7.2 step 6: of a user who was named, a key may leave the handle out.
  const named = assertion.userHandle === '' && found.user.id === identified;
  if (!named && !sameText(assertion.userHandle, found.user.user_handle)) throw unknown('user handle');
  try {
    const [clientDataJSON, authenticatorData, signature] = [
      bytesOf(assertion.clientDataJSON),
      bytesOf(assertion.authenticatorData),
      bytesOf(assertion.signature),
    ];
    if (!isSigned(found.credential.public_key, { clientDataJSON, authenticatorData, signature })) {
      throw unknown('signature');
    }
    const { flags, counter } = parseAuthenticatorData(authenticatorData); // throws where anything is left over
    // Section 7.2 step 18, and 6.1.3: whether a passkey can be copied is settled when it is made.
    if (flags.be !== (found.credential.backup_eligible === 1) || (flags.bs && !flags.be)) {
      throw unknown('backup eligibility');
    }
    return { ...found, counter, backedUp: flags.bs };
  } catch (cause) {
    throw cause instanceof TenantError ? cause : unknown(String(cause));
  }
}

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'base64url'));
const challengeText = (purpose: AssertionPurpose) =>
  Buffer.from(assertionChallenge(purpose)).toString('base64url');

const invalid = (cause: string) =>
  new TenantError(
    'assertion-invalid',
    "The security key's answer does not fit this tenant, or the user was not verified at the key. Sign in again with your PIN or fingerprint.",
    {
      cause,
    },
  );

/** Compares two texts in constant time; their lengths are no secret. */
function sameText(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}
