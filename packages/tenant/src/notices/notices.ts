/**
 * Notices by mail of every change of a user's keys, to that user. They follow the audit: whatever writes there that a key
 * was added, renamed or removed is told of, however it came about. A notice waits in the store until the mail server
 * has taken it, so that neither a restart nor a server that is down for a day loses it.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyBaseLogger } from 'fastify';
import type { Transporter } from 'nodemailer';
import type { AuditEvent } from '../audit/rules.ts';
import type { AuditTrail } from '../audit/trail.ts';
import { TenantError } from '../errors.ts';
import type { Store } from '../store/open.ts';
import type { NoticeRow } from '../store/schema.ts';
import { syncedUser } from '../sync/queries.ts';
import { iso, later } from '../time.ts';
import { userById } from '../users/queries.ts';
import { credentialById } from '../webauthn/queries.ts';
import { claimNotice, deleteNotice, dueNotices, insertNotice } from './queries.ts';
import type { MailConfig } from './schema.ts';
import { isTold, noticeOf } from './text.ts';

const EVERY_MS = 15_000;
const AT_A_TIME = 20;
/** Seconds to the next try: each a little later, a day and a half in all. */
const WAITS = [60, 300, 900, 3600, 7200, 14_400, 28_800, 43_200, 43_200];
const SMTP_TIMEOUT_MS = 20_000;

interface Needs {
  config: MailConfig | undefined;
  inside: (path: string) => string;
  tenantName: string;
  store: Store;
  audit: AuditTrail;
  log: FastifyBaseLogger;
  now: () => Date;
}

/**
 * Begins to tell; the result ends it, after what is under way.
 *
 * @throws TenantError `config-invalid` (a file of `mail` cannot be read)
 */
export async function startNotices(needs: Needs): Promise<() => Promise<void>> {
  if (needs.config === undefined) return async () => {};
  const notices = new Notices(needs, needs.config.from, await transportOf(needs.config, needs.inside));
  const stopListening = needs.audit.listen((events) => notices.hear(events));
  const timer = setInterval(() => notices.send(), EVERY_MS);
  timer.unref();
  notices.send();
  return async () => {
    clearInterval(timer);
    stopListening();
    await notices.end();
  };
}

class Notices {
  readonly #needs: Needs;
  readonly #from: string;
  readonly #transport: Transporter;
  #work: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(needs: Needs, from: string, transport: Transporter) {
    this.#needs = needs;
    this.#from = from;
    this.#transport = transport;
  }

  /** Puts what people are told into the store, then sends it. */
  hear(events: readonly AuditEvent[]): void {
    const told = events.filter((one) => one.outcome === 'allowed' && isTold(one.event));
    if (told.length === 0) return;
    this.#then(async () => {
      for (const event of told) await this.#write(event);
      await this.#sendDue();
    });
  }

  send(): void {
    this.#then(() => this.#sendDue());
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#work;
    this.#transport.close();
  }

  #then(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#needs.log.error({ err: error }, 'a notice could not be written');
    });
  }

  async #write(event: AuditEvent): Promise<void> {
    const { store, tenantName, now } = this.#needs;
    const userId = /\buser:([0-9a-f-]{36})/.exec(event.subject)?.[1] ?? '';
    const user = await userById(store, userId);
    if (user === undefined) return;
    const keyId = /\bkey:([A-Za-z0-9_-]+)/.exec(event.subject)?.[1];
    const key = keyId === undefined ? undefined : await credentialById(store, keyId);
    const account = await syncedUser(store, userId);
    const about = { userId, displayName: user.display_name, key: key?.display_name, tenantName, time: now() };
    const notice = noticeOf(event, about);
    if (notice === undefined) return;
    await insertNotice(store, {
      id: randomUUID(),
      user_id: userId,
      address: account?.mail ?? user.user_principal_name,
      ...notice,
      attempts: 0,
      next_try_on: iso(now()),
    });
  }

  async #sendDue(): Promise<void> {
    const { store, now } = this.#needs;
    for (const row of await dueNotices(store, iso(now()), AT_A_TIME)) {
      if (this.#ended) return;
      const wait = WAITS[row.attempts] ?? 0;
      if (await claimNotice(store, row, iso(later(now(), wait)))) await this.#attempt(row);
    }
  }

  async #attempt(row: NoticeRow): Promise<void> {
    const { store, log } = this.#needs;
    try {
      const { address, subject, text } = row;
      await this.#transport.sendMail({ from: this.#from, to: { name: '', address }, subject, text });
    } catch (error) {
      const isLast = row.attempts + 1 >= WAITS.length;
      log.warn({ err: error, attempts: row.attempts + 1 }, 'a notice could not be sent');
      if (!isLast) return;
      await deleteNotice(store, row.id);
      await this.#record(row, 'notice.failed');
      return;
    }
    await deleteNotice(store, row.id);
    await this.#record(row, 'notice.sent');
  }

  #record(row: NoticeRow, event: 'notice.sent' | 'notice.failed'): Promise<void> {
    return this.#needs.audit.record({
      event,
      actor: 'tenant',
      subject: `user:${row.user_id}`,
      outcome: event === 'notice.sent' ? 'allowed' : 'denied',
      correlationId: row.id,
    });
  }
}

async function transportOf(config: MailConfig, inside: (path: string) => string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer'); // few tenants send mail
  const { host, port, security, caFile, username, passwordFile } = config;
  const password = passwordFile === undefined ? '' : (read(inside(passwordFile)).split(/\r?\n/)[0] ?? '');
  return createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    connectionTimeout: SMTP_TIMEOUT_MS,
    greetingTimeout: SMTP_TIMEOUT_MS,
    socketTimeout: SMTP_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(caFile !== undefined && { tls: { ca: read(inside(caFile)) } }),
    ...(username !== undefined && { auth: { user: username, pass: password } }),
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TenantError(
      'config-invalid',
      `${file}, which mail in config.json names, cannot be read. Correct the path, or who may read it.`,
      { cause: String(cause) },
    );
  }
}
