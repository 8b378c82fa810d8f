/**
 * Hashing of passes: argon2id (RFC 9106) at OWASP's cost, 19 MiB each; a pass has 40 random bits at least, and
 * lives for days at most. Two at a time and a short queue, so that guesses cannot take the
 * memory of the machine: who comes when the queue is full is sent away before anything is counted or reckoned.
 */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';

const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const derive = promisify<'argon2id', Argon2Parameters, Buffer>(argon2);

const record = z.strictObject({
  memory: z.int(),
  passes: z.int(),
  parallelism: z.int(),
  salt: z.string(),
  tag: z.string(),
});

/** As it is stored: JSON of cost, salt and tag. */
export async function hashPass(pass: string): Promise<string> {
  const salt = randomBytes(16);
  const tag = await stretch(pass, salt, COST);
  return JSON.stringify({
    ...COST,
    salt: salt.toString('base64url'),
    tag: tag.toString('base64url'),
  } satisfies z.output<typeof record>);
}

/** Whether it is that pass; against no hash it takes as long, and is not. */
export async function isPass(pass: string, hash: string | undefined): Promise<boolean> {
  if (hash === undefined) {
    await stretch(pass, randomBytes(16), COST);
    return false;
  }
  const { salt, tag, ...cost } = record.parse(JSON.parse(hash));
  const given = await stretch(pass, Buffer.from(salt, 'base64url'), cost);
  return timingSafeEqual(given, Buffer.from(tag, 'base64url'));
}

function stretch(
  pass: string,
  nonce: Buffer,
  cost: { memory: number; passes: number; parallelism: number },
): Promise<Buffer> {
  return derive('argon2id', { message: Buffer.from(pass), nonce, tagLength: 32, ...cost });
}

/** Lets so many work at a time, so many wait, and no more in. */
export class Gate {
  readonly #atOnce: number;
  readonly #waitingAtMost: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(atOnce: number, waitingAtMost: number) {
    this.#atOnce = atOnce;
    this.#waitingAtMost = waitingAtMost;
  }

  /** Undefined, and nothing was done, where there is no room. */
  async run<T>(work: () => Promise<T>): Promise<{ value: T } | undefined> {
    if (this.#inside >= this.#atOnce) {
      if (this.#waiting.length >= this.#waitingAtMost) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve)); // whoever leaves hands its place on
    } else {
      this.#inside += 1;
    }
    try {
      return { value: await work() };
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }
}
