/**
 * Refusals of requests behind which nobody known stands. Anyone can send as many of them as they like, and each line
 * of the audit is kept for good: in a minute only the first ones of a source, and so many in all, get a line of their
 * own. The rest are counted, and are one line when the minute is over.
 */
import { randomUUID } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { AuditEvent } from './rules.ts';
import type { AuditTrail } from './trail.ts';

const MINUTE_MS = 60_000;
export const LINES_PER_SOURCE = 20;
export const LINES_IN_ALL = 60;
/** Sources beyond these are counted as one. */
const SOURCES_AT_MOST = 10_000;
const OTHERS = 'others';

export class Strangers {
  readonly #audit: AuditTrail;
  readonly #now: () => Date;
  #minute = 0;
  #lines = 0;
  #untold = 0;
  #refused = new Map<string, number>();

  constructor(audit: AuditTrail, now: () => Date) {
    this.#audit = audit;
    this.#now = now;
  }

  /** @param address of the client; an IPv6 network of 64 bits counts as one source */
  async refused(address: string, event: AuditEvent): Promise<void> {
    await this.flush();
    const source = this.#known(sourceOf(address));
    const count = (this.#refused.get(source) ?? 0) + 1;
    this.#refused.set(source, count);
    if (count > LINES_PER_SOURCE || this.#lines >= LINES_IN_ALL) {
      this.#untold += 1;
      return;
    }
    this.#lines += 1;
    await this.#audit.record(event);
  }

  /** Writes the line of a minute that is over, where there is anything to tell. */
  async flush(over = false): Promise<void> {
    const minute = Math.floor(this.#now().getTime() / MINUTE_MS);
    if (minute === this.#minute && !over) return;
    const [untold, refused] = [this.#untold, this.#refused];
    this.#minute = minute;
    this.#lines = 0;
    this.#untold = 0;
    this.#refused = new Map();
    if (untold === 0) return;
    const [most, times] = [...refused].reduce((a, b) => (b[1] > a[1] ? b : a), [OTHERS, 0]);
    await this.#audit.record({
      event: 'refusals.aggregated',
      actor: 'unknown',
      subject: `refusals:${untold} sources:${refused.size} most-from:${most} (${times})`,
      outcome: 'denied',
      correlationId: randomUUID(),
    });
  }

  #known(source: string): string {
    return this.#refused.has(source) || this.#refused.size < SOURCES_AT_MOST ? source : OTHERS;
  }
}

/** IPv4 whole, also within IPv6 (RFC 4291 section 2.5.5.2); of IPv6 the network of 64 bits. */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [plain = ''] = address.split('%', 1);
  if (!isIPv6(plain)) return address;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
