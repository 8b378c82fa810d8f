/**
 * Turns at the one connection to SQLite. Statements that wait at the same moment share a commit: each is answered once
 * all of them are on the disk, so that a burst costs one flush and not one for each. Transactions have the connection
 * to themselves. (Kysely's own driver wakes everyone who waits at each turn, which costs the square of their number.)
 */
import type { DatabaseSync } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, SqliteDriver } from 'kysely';

const STATEMENTS_AT_MOST = 64;

interface Statement {
  query: CompiledQuery;
  resolve: (result: QueryResult<unknown>) => void;
  reject: (error: unknown) => void;
}
/** A statement of its own, or a transaction that waits for its turn: called with what ends it. */
type Waiting = Statement | { begin: (end: () => void) => void };

export class GroupCommitDriver implements Driver {
  readonly #driver: SqliteDriver;
  readonly #db: DatabaseSync;
  readonly #waiting: Waiting[] = [];
  #connection: DatabaseConnection | undefined;
  #running = false;

  constructor(driver: SqliteDriver, db: DatabaseSync) {
    this.#driver = driver;
    this.#db = db;
  }

  async init(): Promise<void> {
    await this.#driver.init();
    this.#connection = await this.#driver.acquireConnection();
  }

  async acquireConnection(): Promise<Turn> {
    return new Turn(this);
  }

  async releaseConnection(turn: Turn): Promise<void> {
    turn.end?.();
  }

  async beginTransaction(turn: Turn): Promise<void> {
    turn.end = await new Promise<() => void>((begin) => this.#enqueue({ begin }));
    await this.#driver.beginTransaction(turn);
  }

  commitTransaction = (turn: Turn): Promise<void> => this.#driver.commitTransaction(turn);
  rollbackTransaction = (turn: Turn): Promise<void> => this.#driver.rollbackTransaction(turn);

  async destroy(): Promise<void> {
    await this.#driver.destroy();
  }

  /** Within a transaction at once; otherwise together with what else waits. */
  execute(query: CompiledQuery, isOwnTurn: boolean): Promise<QueryResult<unknown>> {
    if (isOwnTurn) return this.#execute(query);
    return new Promise((resolve, reject) => this.#enqueue({ query, resolve, reject }));
  }

  async #execute(query: CompiledQuery): Promise<QueryResult<unknown>> {
    if (this.#connection === undefined) throw new Error('the database is not open');
    return this.#connection.executeQuery(query);
  }

  #enqueue(one: Waiting): void {
    this.#waiting.push(one);
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => void this.#run()); // whoever else asks in this turn of the loop comes along
  }

  async #run(): Promise<void> {
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined) break;
      if ('begin' in first) {
        this.#waiting.shift();
        await new Promise<void>((end) => first.begin(end));
      } else {
        const others = this.#waiting.findIndex((one) => 'begin' in one);
        const count = Math.min(others < 0 ? this.#waiting.length : others, STATEMENTS_AT_MOST);
        await this.#together(this.#waiting.splice(0, count) as Statement[]); // no transaction is among them
      }
    }
    this.#running = false;
  }

  /** A statement that fails takes back itself alone; where a failure ended the transaction, all of them have failed. */
  async #together(statements: readonly Statement[]): Promise<void> {
    const answers: (() => void)[] = [];
    try {
      if (statements.length > 1) this.#db.exec('begin immediate');
      for (const { query, resolve, reject } of statements) {
        try {
          const result = await this.#execute(query);
          answers.push(() => resolve(result));
        } catch (error) {
          if (statements.length > 1 && !this.#db.isTransaction) throw error;
          answers.push(() => reject(error));
        }
      }
      if (statements.length > 1) this.#db.exec('commit');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('rollback');
      for (const { reject } of statements) reject(error);
      return;
    }
    for (const answer of answers) answer();
  }
}

/** What Kysely takes for a connection. */
class Turn implements DatabaseConnection {
  readonly #driver: GroupCommitDriver;
  /** Set while a transaction is under way: gives the connection back. */
  end: (() => void) | undefined;

  constructor(driver: GroupCommitDriver) {
    this.#driver = driver;
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    // the rows are what the query selects: Kysely types them
    return this.#driver.execute(query, this.end !== undefined) as Promise<QueryResult<R>>;
  }

  // biome-ignore lint/correctness/useYield: nothing here reads row by row
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('rows are not streamed from SQLite');
  }
}
