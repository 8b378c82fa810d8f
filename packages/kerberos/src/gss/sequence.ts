/** The order of received tokens (RFC 4121 section 4.2.3, RFC 2743 section 1.2.3): strict, or within a window. */
import { KerberosError } from '../errors.ts';

const WINDOW = 64n;
const MASK = (1n << WINDOW) - 1n;

/** `sequence`: each token once and in order. `replay`: each once. `none`: any. */
export type OrderMode = 'sequence' | 'replay' | 'none';

export class ReceiveOrder {
  readonly #mode: OrderMode;
  #next: bigint;
  /** Bit i is set where next - 1 - i was seen; what lies before the first token counts as seen. */
  #seen = MASK;

  constructor(mode: OrderMode, first: bigint) {
    this.#mode = mode;
    this.#next = first;
  }

  /** Takes the number of a token that was verified. @throws KerberosError `replayed`, `out-of-sequence` */
  accept(sequence: bigint): void {
    if (this.#mode === 'none') return;
    const ahead = sequence - this.#next;
    if (ahead < 0n) {
      const bit = 1n << (-ahead - 1n > WINDOW ? WINDOW : -ahead - 1n);
      if (this.#mode === 'sequence' || bit > MASK || (this.#seen & bit) !== 0n)
        throw new KerberosError('replayed', 'The message was received before. Close the connection.');
      this.#seen |= bit;
      return;
    }
    if (ahead > 0n && this.#mode === 'sequence')
      throw new KerberosError(
        'out-of-sequence',
        'A message before this one is missing. Close the connection.',
      );
    const shift = ahead + 1n;
    this.#seen = shift >= WINDOW ? 1n : ((this.#seen << shift) | 1n) & MASK;
    this.#next = sequence + 1n;
  }
}
