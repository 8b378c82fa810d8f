/**
 * Writing the audit. Lines form one chain, so they are written one batch after the other: whatever came together while
 * the last one was written goes into the next. A decision and the lines that tell of it can be one commit, and share it
 * with the others of their batch; a sign-in then costs a part of a flush to the disk and not several.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { TenantError } from '../errors.ts';
import { Batch } from '../store/batch.ts';
import { isUniqueViolation } from '../store/errors.ts';
import type { Store } from '../store/open.ts';
import type { AuditRow } from '../store/schema.ts';
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

type Head = Pick<AuditRow, 'seq' | 'hash'>;

export class AuditTrail {
  readonly #store: Store;
  readonly #now: () => Date;
  #head: Head | undefined;
  readonly #listeners = new Set<(events: readonly AuditEvent[]) => void>();
  readonly #batch = new Batch<Work<unknown> | readonly AuditEvent[], unknown>((entries) =>
    this.#write(entries),
  );

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
   * where the commit fails: they ask by batched queries, and do nothing outside of the store.
   *
   * @throws what the work throws; a TenantError refuses, and leaves no line. It must not have written by then
   */
  decide<T>(work: Work<T>): Promise<T> {
    return this.#batch.add(work) as Promise<T>; // each entry gets the result of its own work
  }

  /** Hears what was written, from then on; the result ends it. */
  listen(listener: (events: readonly AuditEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #write(
    entries: readonly (Work<unknown> | readonly AuditEvent[])[],
  ): Promise<PromiseSettledResult<unknown>[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        // Lines alone are one statement, and need no transaction.
        const append = (store: Store) => this.#append(store, entries);
        const done = await (entries.every(isEvents)
          ? append(this.#store)
          : this.#store.transaction().execute(append));
        this.#head = done.head;
        for (const listener of this.#listeners) listener(done.events);
        return done.results;
      } catch (error) {
        this.#head = undefined;
        if (error instanceof WorkFailed) return this.#apart(entries, error);
        // Another process over the same store was faster: go on from its line.
        if (!isUniqueViolation(error) || attempt >= TRIES) throw error;
        await wait(Math.random() * 10 * attempt);
      }
    }
  }

  /** One of the works has spoiled the transaction: each alone, so that the others do not fail by it. */
  async #apart(
    entries: readonly (Work<unknown> | readonly AuditEvent[])[],
    { cause: reason }: WorkFailed,
  ): Promise<PromiseSettledResult<unknown>[]> {
    if (entries.length === 1) return [{ status: 'rejected', reason }];
    const results: PromiseSettledResult<unknown>[] = [];
    for (const entry of entries) {
      const alone = this.#write([entry]);
      results.push(...(await alone.catch((reason: unknown) => [{ status: 'rejected' as const, reason }])));
    }
    return results;
  }

  async #append(store: Store, entries: readonly (Work<unknown> | readonly AuditEvent[])[]) {
    const decided = await Promise.allSettled(
      entries.map((entry) => (isEvents(entry) ? { result: undefined, events: entry } : entry(store))),
    );
    const events: AuditEvent[] = [];
    for (const one of decided) {
      if (one.status === 'fulfilled') events.push(...one.value.events);
      else if (!(one.reason instanceof TenantError)) throw new WorkFailed(one.reason);
    }
    const head = this.#head ?? (await lastLine(store)) ?? { seq: 0, hash: NO_HASH };
    const lines = this.#chain(events, head);
    if (lines.length > 0) await insertLines(store, lines);
    const results = decided.map(
      (one): PromiseSettledResult<unknown> =>
        one.status === 'fulfilled' ? { status: 'fulfilled', value: one.value.result } : one,
    );
    return { results, events, head: lines.at(-1) ?? head };
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

/** A work failed by what it did not foresee; the transaction is taken back. */
class WorkFailed extends Error {
  constructor(cause: unknown) {
    super('a work of the batch failed', { cause });
  }
}

const isEvents = (entry: Work<unknown> | readonly AuditEvent[]): entry is readonly AuditEvent[] =>
  typeof entry !== 'function';

/** Parts of a line may come from a client: bounded. */
const clip = (text: string) => text.slice(0, LONGEST_TEXT);
