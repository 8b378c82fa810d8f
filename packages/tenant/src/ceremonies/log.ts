/**
 * Writing the log of ceremonies. It helps people find out why a key does not work; what must be proven stands in the
 * audit. So nobody waits for it: steps are gathered and written a few times a second, and where more come than can be
 * kept they are counted and dropped.
 */
import { hash, randomBytes } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import type { Store } from '../store/open.ts';
import type { CeremonyEventRow } from '../store/schema.ts';
import { insertCeremonyEvents } from './queries.ts';
import type { CeremonyStep } from './schema.ts';

const WRITE_EVERY_MS = 250;
const ROWS_A_WRITE = 200;
const WAITING_AT_MOST = 10_000;
const MINUTE_MS = 60_000;
/** Of nobody known: anyone can begin a ceremony, as often as they like. */
export const STRANGERS_A_MINUTE = 600;
const LONGEST_TEXT = 512;

interface Needs {
  store: Store;
  rpId: string;
  log: FastifyBaseLogger;
  now: () => Date;
}

export class CeremonyLog {
  readonly #needs: Needs;
  #waiting: CeremonyEventRow[] = [];
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Of this process: others write into the same store. */
  readonly #ownNumber = randomBytes(10).toString('hex');
  #serial = 0;
  #minute = 0;
  #strangers = 0;
  #dropped = 0;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Notes a step; it is written soon. Never throws. */
  record(step: CeremonyStep): void {
    if (this.#waiting.length >= WAITING_AT_MOST || !this.#admits(step)) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(this.#rowOf(step));
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_EVERY_MS).unref();
  }

  /** Writes what is waiting. What cannot be written is dropped, and said in the log of the process. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writing !== undefined) await this.#writing;
    if (this.#waiting.length === 0) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { store, log } = this.#needs;
    try {
      while (this.#waiting.length > 0) {
        await insertCeremonyEvents(store, this.#waiting.splice(0, ROWS_A_WRITE));
      }
    } catch (error) {
      this.#dropped += this.#waiting.splice(0).length;
      log.error({ err: error }, 'steps of ceremonies could not be written');
    }
    if (this.#dropped > 0) log.warn({ dropped: this.#dropped }, 'steps of ceremonies were dropped');
    this.#dropped = 0;
  }

  #admits({ userId }: CeremonyStep): boolean {
    const minute = Math.floor(this.#needs.now().getTime() / MINUTE_MS);
    if (minute !== this.#minute) [this.#minute, this.#strangers] = [minute, 0];
    if (userId !== undefined) return true;
    this.#strangers += 1;
    return this.#strangers <= STRANGERS_A_MINUTE;
  }

  #rowOf(step: CeremonyStep): CeremonyEventRow {
    const time = this.#needs.now();
    return {
      id: this.#nextId(time),
      time: time.toISOString(),
      event: step.event,
      purpose: step.purpose,
      ceremony: step.challenge === undefined ? null : ceremonyOf(step.challenge),
      trace_id: step.traceId.toLowerCase(),
      user_id: step.userId ?? null,
      credential_id: clip(step.credentialId, 1364),
      aaguid: step.aaGuid ?? null,
      rp_id: step.rpId ?? this.#needs.rpId,
      origin: clip(step.origin),
      reason: step.reason ?? null,
      client_error: clip(step.clientError),
      elapsed_ms: step.elapsedMs ?? null,
      ctap_status: step.ctapStatus ?? null,
    };
  }

  /** Sorts by time, and within a millisecond in the order of this process: 40 hexadecimal digits. */
  #nextId(time: Date): string {
    this.#serial = (this.#serial + 1) % 0x1_0000_0000;
    const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0');
    return hex(time.getTime(), 12) + hex(this.#serial, 8) + this.#ownNumber;
  }
}

/** What the steps of a ceremony have in common: a hash of its challenge, from which nothing can be made. */
export function ceremonyOf(challenge: string): string {
  return hash('sha256', `kennel ceremony v1\0${challenge}`, 'hex').slice(0, 32);
}

const clip = (text: string | undefined, most = LONGEST_TEXT) => text?.slice(0, most) ?? null;
