/**
 * What a software key keeps: one file, mode 0600, replaced atomically and synced before an answer leaves. A file
 * that cannot be read whole is an error and stays as it is, since a silent new one would lose every credential.
 */
import { createHash } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SecurityKeyError } from '../error.ts';
import { LIMIT } from '../registry.ts';

/** A secret under AES-256-GCM; base64url members. */
export interface Sealed {
  readonly iv: string;
  readonly data: string;
  readonly tag: string;
}

/** How the PIN is verified and the key-encryption key wrapped. Memory in KiB. */
export interface PinRecord {
  readonly salt: string;
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly verifier: string;
  readonly wrappedKey: Sealed;
}

/** A credential; binary members base64url. `sealed` holds its private key and CredRandom. */
export interface StoredCredential {
  readonly id: string;
  readonly rpId: string;
  readonly rpName?: string;
  readonly userHandle: string;
  readonly userName?: string;
  readonly userDisplayName?: string;
  readonly algorithm: number;
  /** CBOR of the COSE key. */
  readonly publicKey: string;
  readonly discoverable: boolean;
  readonly hmacSecret: boolean;
  /** credProtect level 1 to 3 (CTAP 2.1, section 12.1). */
  readonly protection: number;
  readonly sealed: Sealed;
}

export interface KeyState {
  readonly version: 1;
  readonly pinRetries: number;
  /** One counter for all credentials. */
  readonly signatureCounter: number;
  readonly pin?: PinRecord;
  /** Whether nothing goes until the PIN is changed (CTAP 2.1, section 6.11.4). */
  readonly pinChangeForced?: boolean;
  /** Oldest first. */
  readonly credentials: readonly StoredCredential[];
}

const FRESH: KeyState = {
  version: 1,
  pinRetries: LIMIT.PIN_RETRIES,
  signatureCounter: 0,
  credentials: [],
};

/** The state file: `current` is what is on disk, `save` returns once the new state is durable. */
export class StateFile {
  readonly #path: string;
  #current: KeyState;

  /** Reads the file, or makes a fresh one where there is none. Throws `state-corrupt`, `state-unwritable`. */
  constructor(path: string) {
    this.#path = path;
    const stored = readState(path);
    this.#current = stored ?? FRESH;
    if (stored === undefined) this.save(FRESH);
  }

  get current(): KeyState {
    return this.#current;
  }

  /** Replace members of the state, durably. Throws `state-unwritable`, and then nothing has changed. */
  update(change: Partial<KeyState>): void {
    this.save({ ...this.#current, ...change });
  }

  /** Forget everything (authenticatorReset). */
  reset(): void {
    this.save(FRESH);
  }

  save(next: KeyState): void {
    try {
      writeDurably(this.#path, serialize(next));
    } catch (error) {
      throw new SecurityKeyError(
        'state-unwritable',
        `The software key cannot write ${this.#path}; check the disk and the directory's permissions.`,
        { path: this.#path },
        error,
      );
    }
    this.#current = next;
  }
}

function readState(path: string): KeyState | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw corrupt(path, 'unreadable', error);
  }
  try {
    const file: unknown = JSON.parse(text);
    if (!isRecord(file) || !isRecord(file.state)) throw corrupt(path, 'not a state file');
    if (file.sha256 !== digest(JSON.stringify(file.state))) throw corrupt(path, 'checksum');
    if (file.state.version !== 1) throw corrupt(path, 'unknown version');
    return file.state as unknown as KeyState; // the checksum shows that it is what serialize() wrote
  } catch (error) {
    throw error instanceof SecurityKeyError ? error : corrupt(path, 'not JSON', error);
  }
}

function corrupt(path: string, reason: string, cause?: unknown): SecurityKeyError {
  return new SecurityKeyError(
    'state-corrupt',
    `The software key's file ${path} is damaged (${reason}); restore it from a backup, or move it away to start with an empty key.`,
    { path, reason },
    cause,
  );
}

function serialize(state: KeyState): string {
  return `${JSON.stringify({ sha256: digest(JSON.stringify(state)), state })}\n`;
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function writeDurably(path: string, text: string): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    fchmodSync(file, 0o600); // a leftover of a killed process keeps its own mode
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const directory = openSync(dirname(path), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
