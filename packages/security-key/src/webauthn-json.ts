/**
 * What a browser does around a key: client data, and the JSON that WebAuthn servers exchange (WebAuthn level 3,
 * sections 5.1.8, 5.1.9 and 5.8.1). Binary members are base64url without padding.
 */
import { createHash } from 'node:crypto';
import { SecurityKeyError } from './error.ts';
import type { SecurityKey } from './security-key.ts';

type Transport = 'ble' | 'cable' | 'hybrid' | 'internal' | 'nfc' | 'smart-card' | 'usb';

interface DescriptorJson {
  readonly id: string;
  readonly type?: string;
}

/** PublicKeyCredentialCreationOptionsJSON: the members that matter to a key. Others may be there. */
export interface CreationOptionsJson {
  readonly rp: { readonly id?: string; readonly name: string };
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly challenge: string;
  readonly pubKeyCredParams: readonly { readonly alg: number; readonly type: string }[];
  readonly excludeCredentials?: readonly DescriptorJson[];
  readonly authenticatorSelection?: {
    readonly residentKey?: string;
    readonly requireResidentKey?: boolean;
  };
  readonly extensions?: { readonly hmacCreateSecret?: boolean; readonly prf?: object };
}

/** RegistrationResponseJSON. */
export interface RegistrationJson {
  id: string;
  rawId: string;
  type: 'public-key';
  authenticatorAttachment: 'cross-platform';
  clientExtensionResults: { hmacCreateSecret?: boolean };
  response: { clientDataJSON: string; attestationObject: string; transports: Transport[] };
}

/** What to sign: the RP, the challenge (base64url), the origin of the page or program that asks. */
export interface AssertionOptions {
  readonly rpId: string;
  readonly challenge: string;
  readonly origin: string;
  readonly allowCredentials?: readonly DescriptorJson[];
  /** For the secret that only this key gives for it; 32 bytes. */
  readonly secretSalt?: Uint8Array;
}

/** The five members of an assertion; `userHandle` only of a resident credential. */
export interface AssertionJson {
  id: string;
  clientDataJSON: string;
  authenticatorData: string;
  signature: string;
  userHandle?: string;
}

/** What a key gave: the assertion, and the secret for the salt, where it has one. */
export interface MadeAssertion {
  assertion: AssertionJson;
  /** 32 bytes; the caller's to wipe. */
  secret: Uint8Array | undefined;
}

/**
 * Register a credential on a key. Throws SecurityKeyError: of the key, and `origin-invalid`, `rp-id-mismatch`,
 * `request-invalid` where a browser would refuse as well.
 */
export async function createCredentialJson(
  key: SecurityKey,
  options: CreationOptionsJson,
  origin: string,
  pin: string,
): Promise<RegistrationJson> {
  const rpId = options.rp.id ?? hostOf(origin);
  const { residentKey, requireResidentKey } = options.authenticatorSelection ?? {};
  const clientData = clientDataJson('webauthn.create', options.challenge, origin, rpId);
  const { credentialId, attestationObject, hmacSecret } = await key.makeCredential({
    rpId,
    rpName: options.rp.name,
    userHandle: fromBase64url(options.user.id, 'user.id'),
    userName: options.user.name,
    userDisplayName: options.user.displayName,
    clientDataHash: createHash('sha256').update(clientData).digest(),
    algorithms: options.pubKeyCredParams.filter(({ type }) => type === 'public-key').map(({ alg }) => alg),
    residentKey: residentKey === undefined ? requireResidentKey === true : residentKey !== 'discouraged',
    pin,
    excludeCredentialIds: ids(options.excludeCredentials),
    hmacSecret: options.extensions?.hmacCreateSecret === true || options.extensions?.prf !== undefined,
  });
  const id = toBase64url(credentialId);
  return {
    id,
    rawId: id,
    type: 'public-key',
    authenticatorAttachment: 'cross-platform',
    clientExtensionResults: hmacSecret ? { hmacCreateSecret: true } : {},
    response: {
      clientDataJSON: toBase64url(clientData),
      attestationObject: toBase64url(attestationObject),
      transports: [],
    },
  };
}

/** Sign a challenge with a key. Throws as createCredentialJson does. */
export async function getAssertionJson(
  key: SecurityKey,
  options: AssertionOptions,
  pin: string,
): Promise<AssertionJson> {
  return (await getAssertionAndSecret(key, options, pin)).assertion;
}

/** The same, and for a salt the key's secret. Throws as createCredentialJson does. */
export async function getAssertionAndSecret(
  key: SecurityKey,
  options: AssertionOptions,
  pin: string,
): Promise<MadeAssertion> {
  const { rpId, challenge, origin, secretSalt } = options;
  const clientData = clientDataJson('webauthn.get', challenge, origin, rpId);
  const made = await key.getAssertion({
    rpId,
    clientDataHash: createHash('sha256').update(clientData).digest(),
    pin,
    allowCredentialIds: ids(options.allowCredentials),
    ...(secretSalt === undefined ? {} : { hmacSecretSalt: secretSalt }),
  });
  const assertion = {
    id: toBase64url(made.credentialId),
    clientDataJSON: toBase64url(clientData),
    authenticatorData: toBase64url(made.authenticatorData),
    signature: toBase64url(made.signature),
    ...(made.userHandle ? { userHandle: toBase64url(made.userHandle) } : {}),
  };
  return { assertion, secret: made.hmacSecret };
}

/** CollectedClientData in the order of WebAuthn, section 5.8.1.1, once origin and RP ID are seen to belong together. */
function clientDataJson(type: string, challenge: string, origin: string, rpId: string): Buffer {
  const host = hostOf(origin);
  if (host !== rpId && !host.endsWith(`.${rpId}`)) {
    throw new SecurityKeyError(
      'rp-id-mismatch',
      `${origin} may not use keys registered for ${rpId}; check the RP ID in the configuration.`,
      { origin, rpId },
    );
  }
  const bytes = fromBase64url(challenge, 'challenge');
  const data = { type, challenge: toBase64url(bytes), origin: new URL(origin).origin, crossOrigin: false };
  return Buffer.from(JSON.stringify(data));
}

/** The host of a secure origin: https, or http on this very machine. */
function hostOf(origin: string): string {
  const url = URL.parse(origin);
  const local = url?.hostname === 'localhost' || url?.hostname.endsWith('.localhost') === true;
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && local))) {
    throw new SecurityKeyError('origin-invalid', `${origin} is no secure origin; use its https address.`, {
      origin,
    });
  }
  return url.hostname;
}

function ids(descriptors: readonly DescriptorJson[] | undefined): Uint8Array[] {
  return (descriptors ?? [])
    .filter(({ type }) => type === undefined || type === 'public-key')
    .map(({ id }) => fromBase64url(id, 'credential id'));
}

const toBase64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

function fromBase64url(text: string, what: string): Buffer {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) {
    throw new SecurityKeyError('request-invalid', `The ${what} is not base64url; ask the site again.`, {
      what,
    });
  }
  return Buffer.from(text, 'base64url');
}
