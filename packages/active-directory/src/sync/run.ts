/**
 * A run: full (everything is read, what differs is sent, what is missing is gone) or incremental (what has changed is
 * read anew and sent). Killed at any moment, the next one goes on from the state of the last batch that arrived.
 */
import type { Entry } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';
import { changesSince, type Mark, presentMark } from './changes.ts';
import { KnownVersions } from './known.ts';
import { computerOf, groupOf, userOf } from './objects.ts';
import { Sender } from './sender.ts';
import { type GroupScope, groupScope, membersOf, readAll, readSome, type SyncSource } from './source.ts';
import type { SyncCounts, SyncedKind, SyncProgress, SyncTarget } from './types.ts';
import { guid } from './values.ts';

const KINDS: readonly SyncedKind[] = ['user', 'group', 'computer'];
const PHASE = { user: 'users', group: 'groups', computer: 'computers' } as const;
/** So many may always go: in a small domain one user is a large share. */
const DELETIONS_ALWAYS_ALLOWED = 5;

export interface SyncRunOptions {
  source: SyncSource;
  target: SyncTarget;
  netbiosName: string;
  /** Reads everything, whatever was read before. */
  full?: boolean;
  allowDeletions?: boolean;
  onProgress?: (progress: SyncProgress) => void;
}

export interface SyncResult {
  mode: 'full' | 'incremental';
  by: Mark['by'];
  counts: SyncCounts;
  /** Objects that were read, and sent. */
  read: number;
  sent: number;
  milliseconds: number;
  warnings: string[];
}

interface State {
  fingerprint: string;
  mark: Mark;
}

/**
 * @throws ActiveDirectoryError `dc-*`, `ldap-*`, `sync-too-many-deletions`; the target's errors. The run is then told to
 *   have failed, where that can still be told.
 */
export async function runSync(options: SyncRunOptions): Promise<SyncResult> {
  const { source, target } = options;
  const began = performance.now();
  const state = readState((await target.state()).state);
  const goesOn = options.full !== true && state?.fingerprint === source.fingerprint;
  const first = goesOn && state !== undefined ? await changesSince(source, state.mark) : undefined;
  const mode = first === undefined ? 'full' : 'incremental';
  const { dnsName, domainSid } = source.facts;
  const { netbiosName, allowDeletions = false } = options;
  const { runId, settings, problems } = await target.begin({
    dnsName,
    netbiosName,
    domainSid,
    mode,
    allowDeletions,
  });
  const sender = new Sender(target, runId);
  const run = new Run(options, sender, settings.deletionLimitPercent);
  try {
    const mark =
      first === undefined
        ? await run.full()
        : await run.incremental(
            first,
            problems.map(({ anchor }) => anchor),
          );
    await target.end(runId, { outcome: 'completed' });
    return {
      ...{ mode, by: mark.by, counts: sender.counts, read: run.read, sent: sender.sent },
      milliseconds: Math.round(performance.now() - began),
      warnings: source.warnings,
    };
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).slice(0, 1024);
    await target.end(runId, { outcome: 'failed', message }).catch(() => undefined); // the error itself tells more
    throw error;
  }
}

class Run {
  readonly #source: SyncSource;
  readonly #options: SyncRunOptions;
  readonly #sender: Sender;
  readonly #limitPercent: number;
  #scope: GroupScope | undefined;
  read = 0;

  constructor(options: SyncRunOptions, sender: Sender, limitPercent: number) {
    this.#options = options;
    this.#source = options.source;
    this.#sender = sender;
    this.#limitPercent = limitPercent;
  }

  async full(): Promise<Mark> {
    const mark = await presentMark(this.#source);
    this.#scope = await groupScope(this.#source);
    for (const kind of KINDS) {
      const known = await KnownVersions.read(this.#options.target.versions(kind));
      for await (const entries of readAll(this.#source, kind)) {
        for (const entry of entries) await this.#send(kind, entry, known);
        this.#progress(PHASE[kind]);
      }
      // What is left was not read. Before the first run's end there may be more on the other side than here.
      await this.#gone(kind, known.unseen(), known.size);
    }
    await this.#sender.flush(this.#state(mark));
    return mark;
  }

  async incremental(
    first: NonNullable<Awaited<ReturnType<typeof changesSince>>>,
    again: readonly string[],
  ): Promise<Mark> {
    this.#scope = await groupScope(this.#source);
    for (let changes = first, extra = again; ; extra = []) {
      const anchors = [...new Set([...changes.anchors, ...extra])];
      const missing = new Set(anchors);
      for (const kind of KINDS) {
        for await (const entries of readSome(this.#source, kind, anchors)) {
          for (const entry of entries) {
            const sent = await this.#send(kind, entry);
            if (sent !== undefined) missing.delete(sent);
          }
          this.#progress(PHASE[kind]);
        }
      }
      // Not there, or not in scope any more: whatever it was.
      for (const anchor of missing)
        for (const of of KINDS) await this.#sender.add({ kind: 'gone', of, anchor });
      if (!changes.showsDeletions) await this.#reconcile();
      else if (this.#scope !== undefined && anchors.some((anchor) => this.#scope?.groups.has(anchor)))
        await this.#reconcile(['user']);
      await this.#sender.flush(this.#state(changes.mark));
      if (!changes.more) return changes.mark;
      const next = await changesSince(this.#source, changes.mark);
      if (next === undefined) return changes.mark; // the next run is a full one
      changes = next;
    }
  }

  /** Compares which objects there are, without reading them; new ones are read. */
  async #reconcile(kinds: readonly SyncedKind[] = KINDS): Promise<void> {
    for (const kind of kinds) {
      const known = await KnownVersions.read(this.#options.target.versions(kind));
      const fresh: string[] = [];
      for await (const entries of readAll(this.#source, kind, ['objectGUID'])) {
        for (const entry of entries) {
          const anchor = guid(entry);
          if (anchor === undefined || !this.#inScope(kind, anchor)) continue;
          if (known.see(anchor) === undefined) fresh.push(anchor);
        }
      }
      for await (const entries of readSome(this.#source, kind, fresh))
        for (const entry of entries) await this.#send(kind, entry);
      await this.#gone(kind, known.unseen(), known.size);
    }
  }

  /** Sends an object unless it is known as it is. @returns its anchor where it is in scope */
  async #send(kind: SyncedKind, entry: Entry, known?: KnownVersions): Promise<string | undefined> {
    const { facts, config } = this.#source;
    this.read += 1;
    const members = kind === 'group' ? await membersOf(this.#source, entry) : [];
    const object =
      kind === 'user'
        ? userOf(entry, facts, config)
        : kind === 'group'
          ? groupOf(entry, members)
          : computerOf(entry);
    if (object === undefined || !this.#inScope(kind, object.anchor)) return undefined;
    if (known?.see(object.anchor, object.version) === true) return object.anchor;
    if (object.kind === 'group') await this.#sender.addGroup(object, members);
    else await this.#sender.add(object);
    return object.anchor;
  }

  #inScope(kind: SyncedKind, anchor: string): boolean {
    return kind !== 'user' || this.#scope === undefined || this.#scope.users.has(anchor);
  }

  /** @throws ActiveDirectoryError `sync-too-many-deletions`, before any of them is sent */
  async #gone(of: SyncedKind, anchors: readonly string[], before: number): Promise<void> {
    const tooMany =
      anchors.length > DELETIONS_ALWAYS_ALLOWED && anchors.length * 100 > before * this.#limitPercent;
    if (tooMany && this.#options.allowDeletions !== true)
      throw new ActiveDirectoryError(
        'sync-too-many-deletions',
        `This run would delete ${anchors.length} of ${before} ${of}s, more than ${this.#limitPercent} percent; none was deleted. Look at \`kennel sync preview\`; if it is right, run it with --allow-deletions.`,
        { of, deletions: anchors.length, before },
      );
    for (const anchor of anchors) await this.#sender.add({ kind: 'gone', of, anchor });
    if (anchors.length > 0) this.#progress('deletions');
  }

  #state(mark: Mark): string {
    return JSON.stringify({ fingerprint: this.#source.fingerprint, mark } satisfies State);
  }

  #progress(phase: SyncProgress['phase']): void {
    this.#options.onProgress?.({ phase, read: this.read, sent: this.#sender.sent });
  }
}

function readState(text: string | null): State | undefined {
  return text === null ? undefined : (JSON.parse(text) as State); // a run before this one wrote it
}
