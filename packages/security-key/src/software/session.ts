/** What the software key holds while it runs: for all clients together, and for each connection on its own. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { CborMap } from '../cbor.ts';
import type { PinProtocolNumber } from '../pin-protocol.ts';
import { LIMIT } from '../registry.ts';
import type { StateFile } from './state.ts';
import type { Vault } from './vault.ts';

/** What the person at the key is asked to approve. */
export interface TouchRequest {
  readonly operation: 'make-credential' | 'get-assertion' | 'reset' | 'select';
  readonly rpId?: string;
  readonly userName?: string;
}

/** The key as all connections see it. */
export interface KeyCore {
  readonly state: StateFile;
  readonly vault: Vault;
  /** Wrong PINs in a row since the process started: the soft block. */
  wrongPinsInRow: number;
  /** Raised when the PIN changes or the key is reset: tokens of an earlier epoch are void on all connections. */
  tokenEpoch: number;
}

/** What a command is handled with. `touch` throws CtapError where the person declines or does not come. */
export interface Context {
  readonly key: KeyCore;
  readonly session: Session;
  touch(request: TouchRequest): Promise<void>;
}

/** A pinUvAuthToken (CTAP 2.1, section 6.5.2.1): 32 bytes, good for one protocol and some permissions. */
export interface PinToken {
  readonly protocol: PinProtocolNumber;
  readonly value: Uint8Array;
  readonly epoch: number;
  permissions: number;
  rpId: string | undefined;
  /** Milliseconds on the clock of performance.now(). */
  expires: number;
  used: boolean;
}

/** Answers that a "get next" command may still fetch; forgotten at any other command. */
export interface Walk {
  readonly command: number;
  readonly subcommand?: number;
  readonly next: (() => CborMap)[];
  readonly expires: number;
}

/** One connection. Its key agreement key and token are its own, so that clients cannot disturb each other. */
export class Session {
  #keyAgreement = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  #token: PinToken | undefined;
  walk: Walk | undefined;

  get keyAgreement() {
    return this.#keyAgreement;
  }

  renewKeyAgreement(): void {
    this.#keyAgreement = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  }

  issueToken(grant: Pick<PinToken, 'protocol' | 'epoch' | 'permissions' | 'rpId'>): PinToken {
    this.dropToken();
    const expires = performance.now() + LIMIT.TOKEN_FIRST_USE;
    this.#token = { ...grant, value: randomBytes(32), expires, used: false };
    return this.#token;
  }

  /** The token, while it lives. */
  get token(): PinToken | undefined {
    if (this.#token && this.#token.expires < performance.now()) this.dropToken();
    return this.#token;
  }

  dropToken(): void {
    this.#token?.value.fill(0);
    this.#token = undefined;
  }
}
