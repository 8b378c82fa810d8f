/**
 * What many requests ask of the store at the same moment, in one statement: whoever asks while one is under way goes
 * into the next, so that a burst costs a round trip and a commit and not one for each. Nobody is answered before the
 * statement that bears their part is on the disk.
 */
import type { Store } from './open.ts';

const AT_MOST = 64;

interface Waiting<In, Out> {
  input: In;
  resolve: (output: Out) => void;
  reject: (error: unknown) => void;
}

/** Gathers inputs; `run` gives what becomes of each, in their order, or fails for all of them. */
export class Batch<In, Out> {
  readonly #run: (inputs: readonly In[]) => Promise<readonly PromiseSettledResult<Out>[]>;
  #waiting: Waiting<In, Out>[] = [];
  #running = false;

  constructor(run: (inputs: readonly In[]) => Promise<readonly PromiseSettledResult<Out>[]>) {
    this.#run = run;
  }

  add(input: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      setImmediate(() => void this.#work()); // whoever else asks in this turn of the loop comes along
    });
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, AT_MOST);
      try {
        const results = await this.#run(batch.map(({ input }) => input));
        for (const [i, { resolve, reject }] of batch.entries()) {
          const result = results[i];
          if (result?.status === 'fulfilled') resolve(result.value);
          else reject(result?.reason);
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }
}

/** What both give, when both have ended. @throws the error of the first, else that of the second */
export async function together<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

/** A batch of rows looked up by their keys; each key is asked for once. */
export function batchedLookup<Row>(
  query: (store: Store, keys: readonly string[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): (store: Store, key: string) => Promise<Row | undefined> {
  return batched<string, Row | undefined>(async (store, keys) => {
    const rows = await query(store, [...new Set(keys)]);
    const byKey = new Map(rows.map((row) => [keyOf(row), row]));
    return keys.map((key) => byKey.get(key));
  });
}

/** A read that is the same for everyone who asks for it at once; it begins after the last of them has asked. */
export function shared<T>(query: (store: Store) => Promise<T>): (store: Store) => Promise<T> {
  const ask = batched<undefined, T>(async (store, inputs) => {
    const answer = await query(store);
    return inputs.map(() => answer);
  });
  return (store) => ask(store, undefined);
}

/**
 * The same as a query: a batch for each store. Where one statement for several fails, each is tried alone, so that
 * nobody fails by what is another's. A transaction is a store of its own.
 */
export function batched<In, Out>(
  query: (store: Store, inputs: readonly In[]) => Promise<readonly Out[]>,
): (store: Store, input: In) => Promise<Out> {
  const settled = async (store: Store, inputs: readonly In[]): Promise<PromiseSettledResult<Out>[]> => {
    try {
      return (await query(store, inputs)).map((value) => ({ status: 'fulfilled', value }));
    } catch (reason) {
      if (inputs.length === 1 || store.isTransaction)
        return inputs.map(() => ({ status: 'rejected', reason }));
      return (await Promise.all(inputs.map((one) => settled(store, [one])))).flat();
    }
  };
  return (store, input) => {
    const batches = batchesOf(store);
    const known = batches.get(query) as Batch<In, Out> | undefined; // it was put there below
    const batch = known ?? new Batch((inputs: readonly In[]) => settled(store, inputs));
    if (known === undefined) batches.set(query, batch);
    return batch.add(input);
  };
}

const BATCHES = Symbol('batches');

/**
 * The batches of a store, by their queries. They stand on the store itself: as values of a WeakMap, which lead back to
 * their key, they and all that a transaction has read would outlive it until the next collection of everything.
 */
function batchesOf(store: Store): Map<unknown, unknown> {
  const holder: Store & { [BATCHES]?: Map<unknown, unknown> } = store;
  holder[BATCHES] ??= new Map();
  return holder[BATCHES];
}
