/**
 * Writing the audit. Lines form one chain, so they are written one batch after the other: whatever came together while
 * the last one was written goes into the next. A decision and the lines that tell of it can be one commit, and share it
 * with the others of their batch; a sign-in then costs a part of a flush to the disk and not several.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { TenantError } from '../errors.ts';
import { Batch } from '../store/batch.ts';
import { isUniqueViolation } from '../store/errors.ts';
import { storable } from '../store/given-rows.ts';
import type { Store } from '../store/open.ts';
import type { AuditRow } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import { insertLines, lastLine } from './queries.ts';
import { type AuditEvent, hashOf, NO_HASH } from './rules.ts';

const LONGEST_TEXT = 256;
const TRIES = 20;

/** What came of a work, and the lines that tell of it. */
export interface Decided<T> {
  result: T;
  events: readonly AuditEvent[];
}
/** Writes through the store that it is given, which is a transaction, and through nothing else. */
export type Work<T> = (store: Store) => Promise<Decided<T>>;

type Entry = Work<unknown> | readonly AuditEvent[];
type Settled = PromiseSettledResult<unknown>;
type Head = Pick<AuditRow, 'seq' | 'hash'>;

export class AuditTrail {
  readonly #store: Store;
  readonly #now: () => Date;
  #head: Head | undefined;
  readonly #listeners = new Set<(events: readonly AuditEvent[]) => void>();
  readonly #batch = new Batch<Entry, unknown>((entries) => this.#write(entries));

  constructor(store: Store, now: () => Date) {
    this.#store = store;
    this.#now = now;
  }

  /** Writes the events; what they tell of may only happen, or be answered, once this has resolved. */
  async record(...events: AuditEvent[]): Promise<void> {
    await this.#batch.add(events);
  }

  /**
   * Does the work and writes its lines, in one commit. Works of a batch run beside one another, and all of them again
   * where the commit fails or another work refuses: they ask by batched queries, and do nothing outside of the store.
   *
   * @throws what the work throws: then nothing that it wrote is kept, and there is no line
   */
  decide<T>(work: Work<T>): Promise<T> {
    return this.#batch.add(work) as Promise<T>; // each entry gets the result of its own work
  }

  /** Hears what was written, from then on; the result ends it. */
  listen(listener: (events: readonly AuditEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #write(entries: readonly Entry[]): Promise<readonly Settled[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { results, events, head } = await this.#commit(entries);
        this.#head = head;
        for (const listener of this.#listeners) listener(events);
        return results;
      } catch (error) {
        this.#head = undefined;
        if (error instanceof NotAll) return this.#again(entries, error.settled);
        // Another process over the same store was faster: go on from its line.
        if (!isUniqueViolation(error) || attempt >= TRIES) throw error;
        await wait(Math.random() * 10 * attempt);
      }
    }
  }

  /** What the works had written was taken back with all else of their batch: those that did not refuse once more. */
  async #again(entries: readonly Entry[], settled: readonly Settled[]): Promise<readonly Settled[]> {
    if (entries.length === 1) return settled;
    const others = entries.filter((_, i) => !isRefused(settled[i]));
    // A failure that no rule foresaw fails the statements after it too: each alone, to see whose it was.
    const isForeseen = settled.every((one) => one.status === 'fulfilled' || isRefused(one));
    const results: Settled[] = [];
    for (const batch of isForeseen ? [others] : others.map((one) => [one])) {
      try {
        results.push(...(await this.#write(batch)));
      } catch (reason) {
        results.push(...batch.map((): Settled => ({ status: 'rejected', reason })));
      }
    }
    return settled.map((one) => (isRefused(one) ? one : (results.shift() ?? one)));
  }

  async #commit(entries: readonly Entry[]) {
    // Lines alone are one statement, and need no transaction.
    if (entries.every(isEvents)) {
      const { writing, ...done } = await this.#append(this.#store, entries);
      await writing;
      return done;
    }
    return transact(this.#store, (store) => this.#append(store, entries)); // waits for the lines with the commit
  }

  async #append(store: Store, entries: readonly Entry[]) {
    const decided = await Promise.allSettled(
      entries.map((entry) => (isEvents(entry) ? { result: undefined, events: entry } : entry(store))),
    );
    const results = decided.map(
      (one): Settled => (one.status === 'fulfilled' ? { status: one.status, value: one.value.result } : one),
    );
    if (results.some(({ status }) => status === 'rejected')) throw new NotAll(results);
    const events = decided.flatMap((one) => (one.status === 'fulfilled' ? one.value.events : []));
    const head = this.#head ?? (await lastLine(store)) ?? { seq: 0, hash: NO_HASH };
    const lines = this.#chain(events, head);
    const writing = lines.length === 0 ? undefined : insertLines(store, lines);
    writing?.catch(() => {}); // whoever commits tells of it
    return { results, events, head: lines.at(-1) ?? head, writing };
  }

  #chain(events: readonly AuditEvent[], head: Head): AuditRow[] {
    const time = this.#now().toISOString();
    let previous = head;
    return events.map((event) => {
      const content = {
        seq: previous.seq + 1,
        time,
        event: event.event,
        actor: clip(event.actor),
        subject: clip(event.subject),
        outcome: event.outcome,
        reason: event.reason ?? '',
        correlation_id: event.correlationId,
        previous_hash: previous.hash,
      };
      const line = { ...content, hash: hashOf(content) };
      previous = line;
      return line;
    });
  }
}

/** A work of the batch refused, or failed: nothing of the batch is written. */
class NotAll extends Error {
  readonly settled: readonly Settled[];

  constructor(settled: readonly Settled[]) {
    super('a work of the batch refused');
    this.settled = settled;
  }
}

const isRefused = (one: Settled | undefined) =>
  one?.status === 'rejected' && one.reason instanceof TenantError;

const isEvents = (entry: Entry): entry is readonly AuditEvent[] => typeof entry !== 'function';

/** Parts of a line may come from a client: bounded, and as every database keeps them. */
const clip = (text: string) => storable(text.slice(0, LONGEST_TEXT));
