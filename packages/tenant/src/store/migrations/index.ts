/** All migrations, in order. A migration that was released is never changed: add another. */
import type { Migration } from 'kysely';
import * as first from './0001-first.ts';
import * as policy from './0002-policy.ts';
import * as pendingKey from './0003-pending-key.ts';
import * as clients from './0004-clients.ts';
import * as sync from './0005-sync.ts';
import * as signIn from './0006-sign-in.ts';
import * as ceremonies from './0007-ceremonies.ts';
import * as notices from './0008-notices.ts';
import * as passes from './0008-passes.ts';
import * as prtUse from './0009-prt-use.ts';
import * as devices from './0010-devices.ts';

export const migrations: Record<string, Migration> = {
  '0001-first': first,
  '0002-policy': policy,
  '0003-pending-key': pendingKey,
  '0004-clients': clients,
  '0006-sign-in': signIn,
  '0005-sync': sync,
  '0007-ceremonies': ceremonies,
  '0008-notices': notices,
  '0008-passes': passes,
  '0009-prt-use': prtUse,
  '0010-devices': devices,
};
