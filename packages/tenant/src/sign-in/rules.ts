/** Proving who one is on the sign-in page: with a key, or with a Temporary Access Pass. */
import { type FidoAssertion, PrtError, parseAssertion } from '@kennel/prt';
import type { AuditEvent } from '../audit/rules.ts';
import { TenantError } from '../errors.ts';
import { redeemPass } from '../passes/redeem.ts';
import { type FreshProof, fresh } from '../sessions/rules.ts';
import type { CredentialRow, UserRow } from '../store/schema.ts';
import type { Tenant, Visitor } from '../tenant.ts';
import { findUser } from '../users/rules.ts';
import { verifyAssertion } from '../webauthn/assertion.ts';
import { readClientData } from '../webauthn/client-data.ts';
import { credentialsOfUser } from '../webauthn/queries.ts';
import { keyed, signInBinding } from './browser.ts';

export interface KeyProof {
  /** JSON of the five members. */
  assertion: string;
  /** What its challenge was bound to when it was given out. */
  binding: string;
  /** Whose key it must be; undefined where the key itself is to say. */
  identified?: string | undefined;
  /** The browser in words. */
  where: string;
}

/**
 * The user whose key signed a challenge that was given out for this binding.
 *
 * @throws TenantError of the nonce and of the assertion
 */
export async function proveByKey(
  tenant: Tenant,
  by: { correlationId: string },
  given: KeyProof,
  onHolder: (user: UserRow, credential: CredentialRow) => void = () => {},
): Promise<FreshProof> {
  const assertion = readAssertion(given.assertion);
  const nonce = nonceOf(assertion);
  const { binding, identified, where } = given;
  const proof = {
    assertion,
    purpose: { purpose: 'web', nonce },
    nonces: [{ nonce, use: 'web-assertion', binding }],
    identified,
    where,
  } as const;
  const { user, accept } = await verifyAssertion(tenant, by, proof, onHolder);
  return { user, method: 'fido', credentialId: assertion.id, accept };
}

/** Signs in with a key; what comes of it stands in the audit. Throws as {@link proveByKey}. */
export async function signInByKey(
  tenant: Tenant,
  { source, correlationId }: Visitor,
  given: { assertion: string; browser: string; login: string; where: string },
): Promise<FreshProof> {
  let holder: UserRow | undefined;
  let subject = 'key:unknown';
  const audited = async <T>(done: Promise<T>): Promise<T> => {
    try {
      return await done;
    } catch (error) {
      if (!(error instanceof TenantError)) throw error;
      const event: AuditEvent = {
        event: 'sign-in.refused',
        actor: holder === undefined ? 'unknown' : `user:${holder.id}`,
        subject,
        outcome: 'denied',
        reason: error.code,
        correlationId,
      };
      await (holder === undefined ? tenant.strangers.refused(source, event) : tenant.audit.record(event));
      throw error;
    }
  };
  const named = given.login === '' ? undefined : await userIdOf(tenant, given.login);
  const proving = proveByKey(
    tenant,
    { correlationId },
    { ...given, binding: signInBinding(given.browser), identified: named },
    (user, credential) => {
      holder = user;
      subject = `user:${user.id} key:${credential.id}`;
    },
  );
  const proof = await audited(proving);
  const allowed: AuditEvent = {
    event: 'sign-in.allowed',
    actor: `user:${proof.user.id}`,
    subject,
    outcome: 'allowed',
    correlationId,
  };
  const accept: FreshProof['accept'] = (work) =>
    audited(
      proof.accept(async (store) => {
        const { result, events } = await work(store);
        return { result, events: [allowed, ...events] };
      }),
    );
  return { ...proof, accept };
}

/**
 * Signs in with a Temporary Access Pass; the pass is not used up by that. Throws as `redeemPass`.
 *
 * @throws TenantError `user-name-incomplete`: no try is counted for it
 */
export async function signInByPass(
  tenant: Tenant,
  by: Visitor,
  given: { login: string; pass: string },
): Promise<FreshProof> {
  if (!given.login.includes('@')) {
    throw new TenantError(
      'user-name-incomplete',
      'Give your whole user name, with its domain: it looks like alice@corp.example.com.',
    );
  }
  const pass = await redeemPass(tenant, by, { userName: given.login, pass: given.pass });
  return fresh(tenant, { user: pass.user, method: 'pass', credentialId: null, pass });
}

/** The id of a user by name; empty, which is nobody's, where there is none. */
async function userIdOf(tenant: Tenant, name: string): Promise<string> {
  try {
    return (await findUser(tenant.store, name)).id;
  } catch (error) {
    if (error instanceof TenantError) return '';
    throw error;
  }
}

/**
 * The ids of a user's keys, for a browser or a broker that asks for them. Whoever has none, or does not exist, gets one
 * that nobody has, the same at each question: the answer tells nobody who is a user here (WebAuthn section 14.6.2).
 */
export async function allowList(tenant: Tenant, name: string): Promise<string[]> {
  const id = await userIdOf(tenant, name);
  const keys = id === '' ? [] : await credentialsOfUser(tenant.store, id);
  if (keys.length > 0) return keys.map((key) => key.id);
  return [keyed(tenant, 'decoy', name.normalize('NFC').toLowerCase()).toString('base64url')];
}

function readAssertion(text: string): FidoAssertion {
  try {
    return parseAssertion(text);
  } catch (error) {
    if (!(error instanceof PrtError)) throw error;
    throw new TenantError('request-malformed', error.message, { cause: error.code });
  }
}

/** The nonce is the challenge, character by character. */
function nonceOf(assertion: FidoAssertion): string {
  const challenge = readClientData(assertion.clientDataJSON)?.challenge ?? '';
  return Buffer.from(challenge, 'base64url').toString('latin1');
}
