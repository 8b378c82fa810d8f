/**
 * One tenant a state directory. The lock is SQLite's own on a small file, which the kernel lets go of when the
 * process dies, however it dies: nothing stale is left behind.
 */
import { DatabaseSync } from 'node:sqlite';
import { TenantError } from '../errors.ts';

/**
 * Takes the lock; the result lets go of it.
 *
 * @throws TenantError `tenant-already-running`
 */
export function lockInstance(file: string): () => void {
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec('begin exclusive');
  } catch (cause) {
    db.close();
    throw new TenantError(
      'tenant-already-running',
      'A tenant is running on this state directory already. Stop it first, or choose another directory (KENNEL_HOME).',
      {
        cause: String(cause),
      },
    );
  }
  return () => db.close();
}
