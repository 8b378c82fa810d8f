/**
 * One's own security keys. Adding one takes a fresh proof of the session; removing one takes a fresh proof by another
 * key, made for this very removal, or a session that a Temporary Access Pass has just begun.
 */
import { deviceById } from '../devices/queries.ts';
import { TenantError } from '../errors.ts';
import { issueNonce } from '../nonce/rules.ts';
import { keyPolicyOf } from '../policy/effective.ts';
import { fresh, renewProof, type Session } from '../sessions/rules.ts';
import { proveByKey } from '../sign-in/rules.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { keysUnder, removeKey } from '../webauthn/keys.ts';
import { credentialsOfUser } from '../webauthn/queries.ts';
import { registerKey } from '../webauthn/registration.ts';
import type { KeyRegistration } from '../webauthn/schema.ts';
import type { OwnKey, OwnKeys } from './schema.ts';

/** How old the proof of a pass may be for what is dangerous, in milliseconds. */
const FRESH_MS = 5 * 60_000;
const PROOF_TIMEOUT = 120_000;

export async function ownKeys(tenant: Tenant, { user, row }: Session): Promise<OwnKeys> {
  const policy = await keyPolicyOf(tenant, user.id);
  const keys: OwnKey[] = [];
  for (const info of await keysUnder(tenant, user.id, policy)) {
    keys.push({
      id: info.id,
      displayName: info.displayName,
      model: info.model,
      icon: tenant.metadata.model(info.aaGuid)?.icon ?? null,
      aaGuid: info.aaGuid,
      attested: info.attestationLevel === 'attested',
      passkeyType: info.passkeyType,
      transports: info.transports,
      createdOn: info.createdOn,
      lastUsedOn: info.lastUsedOn,
      lastUsedWhere: await placeInWords(tenant, info.lastUsedWhere),
      current: info.id === row.credential_id,
      refused: info.refused?.message ?? null,
    });
  }
  return { keys, selfService: policy.selfService };
}

async function placeInWords(tenant: Tenant, where: string | null): Promise<string | null> {
  const [, id] = /^device:(.+)$/.exec(where ?? '') ?? [];
  if (id === undefined) return where;
  return (await deviceById(tenant.store, id))?.display_name ?? 'a device that is gone';
}

/** What a proof is bound to: this session, and what is about to be done in it. */
const bindingOf = (session: Session, removing: string | undefined): string =>
  removing === undefined
    ? `proof\0${session.row.token_hash}`
    : `removal\0${session.row.token_hash}\0${removing}`;

/** Options for `navigator.credentials.get`: any key of one's own but the one that is to be removed. */
export async function proofOptions(tenant: Tenant, session: Session, removing: string | undefined) {
  const keys = await credentialsOfUser(tenant.store, session.user.id);
  const nonce = issueNonce(tenant, bindingOf(session, removing));
  return {
    challenge: Buffer.from(nonce, 'latin1').toString('base64url'),
    rpId: tenant.config.rpId,
    timeout: PROOF_TIMEOUT,
    userVerification: 'required' as const,
    allowCredentials: keys
      .filter(({ id }) => id !== removing)
      .map(({ id, transports }) => ({
        id,
        type: 'public-key' as const,
        transports: JSON.parse(transports) as string[], // written at registration
      })),
  };
}

/** Makes the session fresh again. Throws as an assertion is refused. */
export async function renewSession(
  tenant: Tenant,
  by: Caller,
  session: Session,
  given: { assertion: string; where: string },
): Promise<void> {
  const audited = { ...by, subject: `user:${session.user.id}` };
  try {
    const proof = await proveByKey(tenant, by, {
      ...given,
      binding: bindingOf(session, undefined),
      identified: session.user.id,
    });
    const renewed = { ...audited, event: 'session.proof-renewed', outcome: 'allowed' } as const;
    await renewProof(tenant, session, proof, renewed);
  } catch (error) {
    if (error instanceof TenantError) {
      const reason = error.code;
      await tenant.audit.record({ ...audited, event: 'session.proof-refused', outcome: 'denied', reason });
    }
    throw error;
  }
}

/**
 * Registers a key of one's own. In a session that a pass began the new key takes the place of the pass: the person has
 * just verified at it.
 */
export async function registerOwnKey(
  tenant: Tenant,
  by: Caller,
  session: Session,
  given: KeyRegistration,
): Promise<{ id: string; displayName: string }> {
  const { user, row } = session;
  const context = { binding: row.token_hash, passId: row.pass_id };
  const { id, displayName } = await registerKey(tenant, by, user.id, given, context);
  if (row.pass_id !== null) {
    await renewProof(tenant, session, fresh(tenant, { user, method: 'fido', credentialId: id }));
  }
  return { id, displayName };
}

/**
 * Removes a key of one's own.
 *
 * @throws TenantError `key-not-found`, `proof-of-another-key-required`, `last-key-unconfirmed`, and those of an assertion
 */
export async function removeOwnKey(
  tenant: Tenant,
  by: Caller,
  session: Session,
  given: { key: string; assertion: string | undefined; lastKeyConfirmed: boolean; where: string },
): Promise<void> {
  const { user } = session;
  const keys = await credentialsOfUser(tenant.store, user.id);
  if (!keys.some(({ id }) => id === given.key)) {
    throw new TenantError(
      'key-not-found',
      'You have no such key, or it was removed already. Load the page again.',
    );
  }
  if (given.assertion !== undefined) {
    const proof = await proveByKey(tenant, by, {
      assertion: given.assertion,
      where: given.where,
      binding: bindingOf(session, given.key),
      identified: user.id,
    });
    if (proof.credentialId === given.key) throw anotherKey();
    await renewProof(tenant, session, proof); // the removed key may be the one that the session was begun with
  } else if (!isByFreshPass(tenant, session)) {
    throw anotherKey();
  }
  if (keys.length === 1 && !given.lastKeyConfirmed) {
    throw new TenantError(
      'last-key-unconfirmed',
      'This is your last key. Without it you cannot sign in until an administrator gives you a Temporary Access Pass.',
    );
  }
  await removeKey(tenant, by, user.id, given.key);
}

function isByFreshPass(tenant: Tenant, { row }: Session): boolean {
  return row.method === 'pass' && tenant.now().getTime() - Date.parse(row.proven_on) <= FRESH_MS;
}

const anotherKey = () =>
  new TenantError(
    'proof-of-another-key-required',
    'To remove this key, confirm with another key of yours. If you have none, sign in with a Temporary Access Pass from your administrator, or add another key first.',
  );
