/** Telling a broken uniqueness apart from every other failure, in both databases. */

/** Whether a query failed because a row with that key is already there (SQLite 1555, 2067; PostgreSQL 23505). */
export function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { errcode, code } = error as Error & { errcode?: number; code?: string }; // both drivers add one of them
  return errcode === 1555 || errcode === 2067 || code === '23505';
}
