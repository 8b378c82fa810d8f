/**
 * Many rows in one parameter, as JSON: a statement over them reads the same however many there are, so that a database
 * parses and plans it once. Statements made with it name the columns that they give back (never `*`): PostgreSQL keeps
 * them prepared, and refuses a prepared one whose columns a migration has changed.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { dialectOf } from './dialect-of.ts';
import type { Database } from './schema.ts';

/** What a column holds, and its type in the statement. */
export type Columns<Row> = Readonly<{ [Name in keyof Row & string]-?: 'text' | 'bigint' }>;

const CONSTANT = '/* constant */';
/** Marks a statement that is always the same text, and names the columns that it gives back. */
export const constantText = sql.raw(CONSTANT);

/** The rows as a table called `given`, to be read in `from`. */
export function givenRows<Row extends object>(
  columns: Columns<Row>,
): (store: Kysely<Database>, rows: readonly Row[]) => RawBuilder<unknown> {
  const names = Object.keys(columns);
  const types = Object.entries(columns).map(([name, type]) => `"${name}" ${type}`);
  const values = names.map((name) => `value ->> '${name}' as "${name}"`);
  const [postgresql, end] = [
    sql.raw(`json_to_recordset(${CONSTANT}`),
    sql.raw(`) as given(${types.join(', ')})`),
  ];
  const [sqlite, sqliteEnd] = [
    sql.raw(`(select ${values.join(', ')} from json_each(`),
    sql.raw(')) as given'),
  ];
  return (store, rows) => {
    const json = textOf(rows);
    return dialectOf(store) === 'postgresql'
      ? sql`${postgresql}${json}${end}`
      : sql`${sqlite}${json}${sqliteEnd}`;
  };
}

/** Adds rows, in one statement for all of them. */
export function rowInserter<Table extends keyof Database>(
  table: Table,
  columns: Columns<Database[Table]>,
): (store: Kysely<Database>, rows: readonly Database[Table][]) => Promise<void> {
  const given = givenRows<Database[Table] & object>(columns);
  const names = columnsOf(columns);
  return async (store, rows) => {
    await sql`insert into ${sql.table(table)} (${names}) select ${names} from ${given(store, rows)}`.execute(
      store,
    );
  };
}

/** The names of columns, for a statement. */
export const columnsOf = (columns: object): RawBuilder<unknown> =>
  sql.raw(
    Object.keys(columns)
      .map((name) => `"${name}"`)
      .join(', '),
  );

export const isConstantText = (text: string): boolean => text.includes(CONSTANT);

/** JSON, without what no database keeps as text: NUL, and halves of surrogate pairs. */
function textOf(rows: readonly object[]): string {
  const json = JSON.stringify(rows);
  if (!json.includes('\\u')) return json;
  return JSON.stringify(rows, (_, value) => (typeof value === 'string' ? storable(value) : value));
}

/** Text as every database keeps it. */
export const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd');
