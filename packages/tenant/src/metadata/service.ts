/**
 * The metadata that is in use: the last good BLOB out of the store, replaced by a newer one as soon as the source
 * offers it. Without the source, or without a network, the last good one serves on.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import type { AuditTrail } from '../audit/trail.ts';
import type { MetadataConfig } from '../config/schema.ts';
import { TenantError } from '../errors.ts';
import type { Store } from '../store/open.ts';
import { type Blob, type BlobTrust, isStale, readBlob } from './blob.ts';
import type { KeyModel } from './models.ts';
import { keepBlob, storedBlob, storedBlobNumber } from './queries.ts';
import type { MetadataStatus } from './schema.ts';
import { fetchBlob, trustOf } from './source.ts';

const EVERY_MS = 3_600_000;
/** A URL is asked once a day while the BLOB is fresh; a file is read at each turn. */
const URL_EVERY_MS = 24 * EVERY_MS;

interface Needs {
  config: MetadataConfig | undefined;
  /** A path of the configuration, made absolute. */
  inside: (path: string) => string;
  store: Store;
  audit: AuditTrail;
  log: FastifyBaseLogger;
  now: () => Date;
}

export class Metadata {
  readonly #needs: Needs;
  readonly #trust: BlobTrust | undefined;
  #current: { blob: Blob; acceptedOn: string } | undefined;
  #running: Promise<void> | undefined;
  #lastTry: Date | undefined;
  #lastError: TenantError | undefined;
  /** The number of a stored BLOB that is not of today's root, since `metadata` was changed: it counts for nothing. */
  #foreign: number | undefined;

  /** @throws TenantError `config-invalid` (the root) */
  constructor(needs: Needs) {
    this.#needs = needs;
    this.#trust = needs.config === undefined ? undefined : trustOf(needs.config, needs.inside);
  }

  /** What is known of a model; undefined where there is no metadata of it. */
  model(aaGuid: string): KeyModel | undefined {
    return this.#current?.blob.models.get(aaGuid.toLowerCase());
  }

  get models(): Iterable<KeyModel> {
    return this.#current?.blob.models.values() ?? [];
  }

  /** Changes with every BLOB, and is undefined without one. */
  get edition(): Blob | undefined {
    return this.#current?.blob;
  }

  status(): MetadataStatus {
    const { config, now } = this.#needs;
    const current = this.#current;
    return {
      source: config === undefined ? null : 'file' in config ? config.file : config.url,
      blob:
        current === undefined
          ? null
          : {
              number: current.blob.number,
              nextUpdate: current.blob.nextUpdate,
              acceptedOn: current.acceptedOn,
              models: current.blob.models.size,
              stale: isStale(current.blob, now()),
            },
      lastTriedOn: this.#lastTry?.toISOString() ?? null,
      lastError: this.#lastError?.message ?? null,
    };
  }

  /**
   * Loads the last good BLOB and begins to look for newer ones; the result ends that, after a try that is under way.
   * A file is read before this resolves; a URL is not waited for.
   */
  async start(): Promise<() => Promise<void>> {
    const { config, log } = this.#needs;
    if (config === undefined) return async () => {};
    await this.#load();
    const turn = async () => {
      try {
        await this.#load();
        if (this.#isDue(config)) await this.refresh();
      } catch (error) {
        if (!(error instanceof TenantError)) log.error({ err: error }, 'metadata could not be refreshed');
      }
    };
    const first = turn();
    if ('file' in config) await first;
    let latest = first;
    const timer = setInterval(() => {
      latest = turn();
    }, EVERY_MS);
    timer.unref();
    return async () => {
      clearInterval(timer);
      await latest;
    };
  }

  /**
   * Asks the source now, and takes its BLOB where it is newer.
   *
   * @throws TenantError `metadata-not-configured`, `metadata-unreachable`, `metadata-invalid`, `metadata-stale`,
   *   `metadata-older`
   */
  refresh(): Promise<void> {
    this.#running ??= this.#refresh().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  #isDue(config: MetadataConfig): boolean {
    const now = this.#needs.now();
    if ('file' in config || this.#lastTry === undefined || this.#current === undefined) return true;
    if (isStale(this.#current.blob, now)) return true;
    return now.getTime() - this.#lastTry.getTime() >= URL_EVERY_MS;
  }

  async #refresh(): Promise<void> {
    const { config, inside, now, log } = this.#needs;
    if (config === undefined || this.#trust === undefined) {
      throw new TenantError(
        'metadata-not-configured',
        'This tenant has no metadata service. Name a file or a URL under metadata in config.json, then start again.',
      );
    }
    this.#lastTry = now();
    try {
      await this.#accept(await fetchBlob(config, inside), this.#trust);
      this.#lastError = undefined;
    } catch (error) {
      if (!(error instanceof TenantError)) throw error;
      log.warn({ code: error.code, details: error.details }, error.message);
      // Hour after hour the same failure is one line.
      if (this.#lastError?.code !== error.code) await this.#record('metadata.refused', error.code);
      this.#lastError = error;
      throw error;
    }
  }

  async #accept(jws: string, trust: BlobTrust): Promise<void> {
    const { store, now, log } = this.#needs;
    const blob = await readBlob(jws, trust, now());
    const stored = (await storedBlobNumber(store))?.number;
    const known = stored === this.#foreign ? undefined : stored;
    if (known === blob.number) return this.#load();
    if (known !== undefined && known > blob.number) throw older(blob.number, known);
    if (isStale(blob, now())) {
      throw new TenantError(
        'metadata-stale',
        `The metadata BLOB number ${blob.number} should have been replaced by ${blob.nextUpdate}. Fetch a newer one.`,
      );
    }
    const acceptedOn = now().toISOString();
    const row = { number: blob.number, next_update: blob.nextUpdate, blob: jws, accepted_on: acceptedOn };
    if (!(await keepBlob(store, row, this.#foreign))) return this.#load(); // another process was faster
    this.#current = { blob, acceptedOn };
    await this.#record('metadata.updated', '');
    log.info({ number: blob.number, models: blob.models.size }, 'metadata updated');
  }

  /** What the store has, where that is newer: another process may have put it there. Verified again. */
  async #load(): Promise<void> {
    const { store, log } = this.#needs;
    const number = (await storedBlobNumber(store))?.number;
    if (number === undefined || this.#trust === undefined) return;
    if (this.#current !== undefined && this.#current.blob.number >= number) return;
    const row = await storedBlob(store);
    if (row === undefined) return;
    try {
      const blob = await readBlob(row.blob, this.#trust, new Date(row.accepted_on));
      this.#current = { blob, acceptedOn: row.accepted_on };
    } catch (error) {
      if (!(error instanceof TenantError)) throw error;
      if (this.#foreign === number) return; // said already
      this.#foreign = number;
      log.error({ code: error.code, details: error.details }, 'the stored metadata cannot be used');
    }
  }

  #record(event: 'metadata.updated' | 'metadata.refused', reason: string): Promise<void> {
    return this.#needs.audit.record({
      event,
      actor: 'tenant',
      subject: `metadata:${this.#current?.blob.number ?? 'none'}`,
      outcome: reason === '' ? 'allowed' : 'denied',
      reason,
      correlationId: randomUUID(),
    });
  }
}

const older = (offered: number, known: number) =>
  new TenantError(
    'metadata-older',
    `The metadata BLOB number ${offered} is older than number ${known}, which this tenant knows. Fetch the current one.`,
  );
