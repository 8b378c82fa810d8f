/** Forgetting what has expired (spent nonces, challenges, PRTs) and telling of refused strangers. Once at the start, then each minute. */
import { purgeGrants } from './authorize/queries.ts';
import { purgeCeremonyEvents } from './ceremonies/queries.ts';
import { purgeInvitations } from './clients/queries.ts';
import { purgeSpent } from './nonce/queries.ts';
import { purgePasses, purgeTries } from './passes/queries.ts';
import { purgePrts } from './prt/queries.ts';
import { purgeSessions } from './sessions/rules.ts';
import { purgeDeletedUsers, purgeRuns } from './sync/queries.ts';
import type { Tenant } from './tenant.ts';
import { iso, later } from './time.ts';
import { purgeChallenges } from './webauthn/queries.ts';

const EVERY_MS = 60_000;
const SYNC_RUN_DAYS = 90;
/** How long a user who was deleted in the directory can come back with the same keys. */
const DELETED_USER_DAYS = 30;
/** The log of ceremonies: days, and steps. */
const CEREMONY_DAYS = 30;
const CEREMONY_STEPS = 200_000;
/** A pass that is over is shown for so long, in seconds. */
const PASS_SHOWN_SECONDS = 7 * 86_400;

/** Begins; the result ends it, after a run that is under way. */
export function startPurging(tenant: Tenant): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  const run = () => {
    running = purge(tenant).catch((error: unknown) => {
      tenant.log.error({ err: error }, 'expired rows could not be removed');
    });
  };
  run();
  const timer = setInterval(run, EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

async function purge(tenant: Tenant): Promise<void> {
  const { store, strangers, now } = tenant;
  await strangers.flush();
  const time = iso(now());
  await purgeSpent(store, time);
  await purgeChallenges(store, time);
  await purgePrts(store, time);
  await purgeTries(store, time);
  await purgePasses(store, iso(later(now(), -PASS_SHOWN_SECONDS)));
  await purgeCeremonyEvents(store, iso(later(now(), -CEREMONY_DAYS * 86_400)), CEREMONY_STEPS);
  await purgeInvitations(store, time);
  await purgeGrants(store, time);
  await purgeSessions(tenant);
  await purgeRuns(store, iso(later(now(), -SYNC_RUN_DAYS * 86_400)));
  await purgeDeletedUsers(store, iso(later(now(), -DELETED_USER_DAYS * 86_400)));
}
