/** The running tenant of KENNEL_HOME. Rooms are loaded when a command needs them, so that the others start at once. */
import type { AdminClient } from '@kennel/tenant/admin';
import { tenantDir } from './home.ts';

export async function admin(): Promise<AdminClient> {
  const { adminClient } = await import('@kennel/tenant/admin');
  return adminClient(tenantDir());
}
