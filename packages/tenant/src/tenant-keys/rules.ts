/**
 * The tenant's own keys: the HMAC key of its nonces, the RSA key that signs its tokens, and the CA that issues
 * device certificates. Made once when the tenant is initialised; sealed in the store; opened once at the start.
 */
import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import { type MasterKey, open, seal } from '@kennel/secrets';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { createDeviceCa } from '../devices/certificate.ts';
import { TenantError } from '../errors.ts';
import type { Store } from '../store/open.ts';
import { insertKeyRow, keyRow, replaceKeyRow, retiredCas } from './queries.ts';

export interface TenantKeys {
  /** HMAC-SHA256 over nonces. */
  readonly nonce: KeyObject;
  /** RS256; the public part as the JWK that is published. */
  readonly signing: { privateKey: KeyObject; kid: string; jwk: JWK };
  readonly deviceCa: {
    certificate: X509Certificate;
    publicKey: KeyObject;
    privateKey: KeyObject;
    /** Those before it: what they have issued is good until it is over. */
    retired: readonly X509Certificate[];
  };
}

type Purpose = 'nonce' | 'token-signing' | 'device-ca';
const sealLabel = (purpose: Purpose) => ({ purpose: 'tenant-key', row: purpose });

/** Makes the keys that are missing. Two processes that do it together end with the same ones. */
export async function ensureTenantKeys(
  store: Store,
  master: MasterKey,
  tenantId: string,
  now: Date,
): Promise<void> {
  const makers: Record<Purpose, () => Promise<{ public: string; secret: Buffer }>> = {
    nonce: async () => ({ public: '', secret: randomBytes(32) }),
    'token-signing': async () => {
      const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
      return {
        public: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
        secret: pkcs8(privateKey),
      };
    },
    'device-ca': async () => {
      const { certificate, privateKey } = await createDeviceCa(tenantId, now);
      return { public: certificate, secret: pkcs8(privateKey) };
    },
  };
  for (const [purpose, make] of Object.entries(makers) as [Purpose, (typeof makers)[Purpose]][]) {
    // keys of the record
    if ((await keyRow(store, purpose)) !== undefined) continue;
    const made = await make();
    const sealed = seal(master, sealLabel(purpose), made.secret);
    made.secret.fill(0);
    await insertKeyRow(store, {
      purpose,
      public: made.public,
      private_sealed: Buffer.from(sealed).toString('base64url'),
      created_on: now.toISOString(),
    });
  }
}

/**
 * Opens the keys.
 *
 * @throws TenantError `store-not-initialised`; SecretsError where the master key is not the one they need
 */
export async function loadTenantKeys(store: Store, master: MasterKey): Promise<TenantKeys> {
  const [nonce, signing, ca] = await Promise.all([
    load(store, master, 'nonce'),
    load(store, master, 'token-signing'),
    load(store, master, 'device-ca'),
  ]);
  const privateKey = rsaPrivate(signing.secret);
  const publicJwk = createPublicKey(privateKey).export({ format: 'jwk' }) as JWK; // the same structure, typed twice
  const kid = await calculateJwkThumbprint(publicJwk);
  const certificate = new X509Certificate(ca.public);
  const nonceKey = createSecretKey(nonce.secret);
  nonce.secret.fill(0);
  return {
    nonce: nonceKey,
    signing: { privateKey, kid, jwk: { ...publicJwk, kid, alg: 'RS256', use: 'sig' } },
    deviceCa: {
      certificate,
      publicKey: certificate.publicKey,
      privateKey: rsaPrivate(ca.secret),
      retired: (await retiredCas(store)).map((pem) => new X509Certificate(pem)),
    },
  };
}

/**
 * Puts a device CA in place of the one before, whose certificate stays known so that devices need not join again.
 *
 * @param certificate PEM
 * @param distrust forgets all CAs before it: every device has to join again
 */
export async function replaceDeviceCa(
  store: Store,
  master: MasterKey,
  { certificate, privateKey }: { certificate: string; privateKey: KeyObject },
  { now, distrust }: { now: Date; distrust: boolean },
): Promise<void> {
  const before = await keyRow(store, 'device-ca');
  if (before === undefined) throw notInitialised('device-ca');
  const secret = pkcs8(privateKey);
  const sealed = seal(master, sealLabel('device-ca'), secret);
  secret.fill(0);
  const row = {
    purpose: 'device-ca',
    public: certificate,
    private_sealed: Buffer.from(sealed).toString('base64url'),
    created_on: now.toISOString(),
  };
  const fingerprint = new X509Certificate(before.public).fingerprint256.replaceAll(':', '').toLowerCase();
  await replaceKeyRow(store, row, distrust ? undefined : fingerprint);
}

const notInitialised = (purpose: string) =>
  new TenantError(
    'store-not-initialised',
    'The store holds no keys of this tenant. Run `kennel init`, or correct the store in config.json.',
    { purpose },
  );

async function load(
  store: Store,
  master: MasterKey,
  purpose: Purpose,
): Promise<{ public: string; secret: Buffer }> {
  const row = await keyRow(store, purpose);
  if (row === undefined) throw notInitialised(purpose);
  const secret = open(master, sealLabel(purpose), Buffer.from(row.private_sealed, 'base64url'));
  return { public: row.public, secret: Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength) };
}

const pkcs8 = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'pkcs8' });

function rsaPrivate(der: Buffer): KeyObject {
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key;
}
