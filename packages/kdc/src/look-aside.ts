/**
 * The replies of the last seconds by their requests, so that a client that sends the same bytes again, because a
 * datagram was lost, gets the same reply and not REPEAT (RFC 4120 section 3.3.2). The reply helps nobody but who
 * has the keys of the first one; any other use of an authenticator stays a replay.
 */
import { createHash } from 'node:crypto';

const LIFETIME = 30_000;
const MAX_ENTRIES = 256;
const MAX_REPLY = 64 * 1024;

export class LookAside {
  readonly #replies = new Map<string, { until: number; reply: Promise<Uint8Array> }>();

  /** The reply to the same bytes where there is one, or what `answer` gives; one that is being made is waited for. */
  async replyTo(message: Uint8Array, now: Date, answer: () => Promise<Uint8Array>): Promise<Uint8Array> {
    for (const [id, { until }] of this.#replies) {
      if (until > now.getTime() && this.#replies.size < MAX_ENTRIES) break;
      this.#replies.delete(id);
    }
    const id = createHash('sha256').update(message).digest('base64');
    const known = this.#replies.get(id);
    if (known) return known.reply;
    const reply = answer();
    this.#replies.set(id, { until: now.getTime() + LIFETIME, reply });
    if ((await reply).length > MAX_REPLY) this.#replies.delete(id);
    return reply;
  }
}
