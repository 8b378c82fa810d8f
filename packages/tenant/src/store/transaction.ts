/**
 * A transaction that waits for no answer before it asks the next thing: on PostgreSQL its statements, its beginning and
 * its commit go out as they are given (Kysely's own transactions take one at a time, and a sign-in would wait for each).
 */
import {
  CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  DummyDriver,
  Kysely,
  type KyselyProps,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  Transaction,
} from 'kysely';
import { dialectOf } from './dialect-of.ts';
import type { Store } from './open.ts';
import type { Database } from './schema.ts';

/**
 * Does the work and commits. A statement that fails fails all of it, whether or not the work waited for it (its promise
 * then needs a `catch` of its own); the error is that of the first.
 */
export function transact<T>(store: Store, work: (transaction: Store) => Promise<T>): Promise<T> {
  if (dialectOf(store) === 'sqlite') {
    return store.transaction().execute(async (transaction) => {
      const statements = new Statements((consumer) => transaction.getExecutor().provideConnection(consumer));
      const result = await work(over(transaction, statements));
      await statements.succeeded();
      return result;
    });
  }
  return store.getExecutor().provideConnection(async (connection) => {
    const statements = new Statements((consumer) => consumer(connection));
    const ask = (text: string) => connection.executeQuery(CompiledQuery.raw(text));
    try {
      void statements.provideConnection(() => ask('begin'));
      const result = await work(over(store, statements));
      void statements.provideConnection(() => ask('commit')); // a rollback, where anything has failed
      await statements.succeeded();
      return result;
    } catch (error) {
      await statements.ended();
      await ask('rollback').catch(() => {}); // the connection may be gone
      throw error;
    }
  });
}

/** Reads over one connection, sent as they are given; PostgreSQL then wakes one process and not several. */
export function overOneConnection<T>(store: Store, work: (one: Store) => Promise<T>): Promise<T> {
  if (store.isTransaction || dialectOf(store) === 'sqlite') return work(store);
  return store.getExecutor().provideConnection((connection) => {
    const provider: ConnectionProvider = { provideConnection: (consumer) => consumer(connection) };
    const executor = store.getExecutor().withConnectionProvider(provider);
    return work(new Kysely<Database>({ ...PROPS, executor }));
  });
}

/** Every statement of a transaction, in the order in which they were given. */
class Statements implements ConnectionProvider {
  readonly #provide: ConnectionProvider['provideConnection'];
  readonly #given: Promise<unknown>[] = [];
  #isOver = false;

  constructor(provide: ConnectionProvider['provideConnection']) {
    this.#provide = provide;
  }

  provideConnection<T>(consumer: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
    if (this.#isOver) throw new Error('the transaction is over');
    const answer = this.#provide(consumer);
    answer.catch(() => {}); // told by `succeeded`
    this.#given.push(answer);
    return answer;
  }

  /** No statement is taken from here on. */
  async succeeded(): Promise<void> {
    this.#isOver = true;
    for (const answer of this.#given) await answer;
  }

  async ended(): Promise<void> {
    this.#isOver = true;
    await Promise.allSettled(this.#given);
  }
}

/** The store as it is within the transaction. */
function over(store: Store, statements: Statements): Transaction<Database> {
  const executor = store.getExecutor().withConnectionProvider(statements);
  return new Transaction<Database>({ ...PROPS, executor });
}

/** Kysely asks these for what no transaction may do: begin another one, or end the store. */
const dialect = {
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => new DummyDriver(),
  createIntrospector: (db: ConstructorParameters<typeof PostgresIntrospector>[0]) =>
    new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
};
const PROPS: Omit<KyselyProps, 'executor'> = { config: { dialect }, dialect, driver: new DummyDriver() };
