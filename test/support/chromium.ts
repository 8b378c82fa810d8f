/**
 * Debian's Chromium, headless, with virtual authenticators (the DevTools protocol's WebAuthn domain). It takes the
 * certificate of one tenant by its public key, as if that were trusted, and no other.
 */
import { createHash } from 'node:crypto';
import { connect, type PeerCertificate } from 'node:tls';
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { chromiumPath } from './peers.ts';

/**
 * Starts it for the tenant at this address.
 *
 * @param display where its windows and its own dialogs are to show (`:1`); without one it has none
 */
export async function startChromium(url: string, display?: string): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath() ?? 'chromium',
    ...(display !== undefined && { headless: false, env: { ...process.env, DISPLAY: display } }),
    args: [
      `--ignore-certificate-errors-spki-list=${await publicKeyHash(url)}`,
      '--disable-dev-shm-usage',
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
}

/** SHA-256 of a server's SubjectPublicKeyInfo, as Chromium wants it. */
async function publicKeyHash(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<PeerCertificate>();
  const socket = connect(
    { host: hostname, port: Number(port), servername: hostname, rejectUnauthorized: false },
    () => resolve(socket.getPeerCertificate()),
  );
  socket.on('error', reject);
  const { pubkey } = await promise;
  socket.destroy();
  if (pubkey === undefined) throw new Error('the server has no certificate');
  const { subtle } = globalThis.crypto;
  // `pubkey` of an EC certificate is the point alone: the SPKI is made of it again.
  const key = await subtle.importKey(
    'raw',
    Uint8Array.from(pubkey),
    { name: 'ECDSA', namedCurve: 'P-256' },
    true,
    ['verify'],
  );
  return createHash('sha256')
    .update(new Uint8Array(await subtle.exportKey('spki', key)))
    .digest('base64');
}

/** What kinds of keys there are. */
export const KEYS = {
  deviceBound: { protocol: 'ctap2', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
  synced: {
    protocol: 'ctap2',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    defaultBackupEligibility: true,
    defaultBackupState: true,
  },
  withoutVerification: { protocol: 'ctap2', hasResidentKey: true, hasUserVerification: false },
  /** It has a PIN or a sensor, and the person fails at it. */
  unverified: { protocol: 'ctap2', hasResidentKey: true, hasUserVerification: true, isUserVerified: false },
  u2f: { protocol: 'u2f' },
} as const;
export type KeyKind = keyof typeof KEYS;

export interface VirtualKey {
  id: string;
  credentials(): Promise<{ credentialId: string; signCount: number }[]>;
  /** Whether somebody touches it. */
  touch(simulated: boolean): Promise<void>;
  unplug(): Promise<void>;
  /** Forgets all that is on it, as a full key or a reset one. */
  clear(): Promise<void>;
}

/** A page, and the keys that are plugged in for it. */
export class Person {
  readonly page: Page;
  readonly #cdp: CDPSession;

  private constructor(page: Page, cdp: CDPSession) {
    this.page = page;
    this.#cdp = cdp;
  }

  static async open(context: BrowserContext): Promise<Person> {
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable', { enableUI: false });
    return new Person(page, cdp);
  }

  async plugIn(kind: KeyKind, transport: 'usb' | 'internal' = 'usb'): Promise<VirtualKey> {
    const { authenticatorId } = await this.#cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: { ...KEYS[kind], transport, automaticPresenceSimulation: true },
    });
    const cdp = this.#cdp;
    return {
      id: authenticatorId,
      credentials: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
      touch: async (enabled) => {
        await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
      },
      unplug: async () => {
        await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
      },
      clear: async () => {
        await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
      },
    };
  }
}
