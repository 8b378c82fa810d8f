/**
 * Sign-ins with a security key at the sign-in page, per second and core, with SQLite and with PostgreSQL: options with
 * a fresh challenge, the verification of the key's answer with everything that is checked around it, and a session, all
 * of it durable. Against the bound: the bare verification of the signature and one durable insert into the same
 * database, as bare as its driver allows, as many at a time. Both in turn, round by round, so that a machine that slows
 * down slows both; the figures are medians. Without HTTP and TLS, and without the key's own work.
 *
 * Then sign-ins come at half of the measured rate, each at its time, whether or not the ones before it are done.
 */
import { createHash, type KeyObject, randomBytes, randomUUID, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { beginSession } from '../packages/tenant/src/sessions/rules.ts';
import { pageConfig } from '../packages/tenant/src/sign-in/config.ts';
import { signInByKey } from '../packages/tenant/src/sign-in/rules.ts';
import type { Tenant } from '../packages/tenant/src/tenant.ts';
import { createUser } from '../packages/tenant/src/users/rules.ts';
import { registerKey, registrationOptions } from '../packages/tenant/src/webauthn/registration.ts';
import { TestKey } from '../packages/tenant/test/authenticator.ts';
import { type BareDatabase, bareDatabase } from '../packages/tenant/test/bare-database.ts';
import { openTenant } from '../packages/tenant/test/open-tenant.ts';
import { startPostgres } from '../test/support/postgresql.ts';
import { atATime, median, quantile, rounded } from './measure.ts';
import type { BenchResult } from './mint.ts';

const ROUNDS = 21;
const SIGN_INS_A_ROUND = 300;
/** About as long as the sign-ins of a round. */
const BOUND_A_ROUND = 900;
const AT_A_TIME = 16;
const HALF_LOAD_SECONDS = 4;
const USERS = 50;
const ORIGIN = 'https://localhost';

type Assertion = ReturnType<TestKey['assert']>;

/** About a minute. Each database is made for the run and removed. */
export async function benchWebauthn(): Promise<BenchResult> {
  const dir = mkdtempSync(join(tmpdir(), 'kennel-bench-'));
  const postgres = await startPostgres({ durable: true });
  try {
    const onSqlite = await measure({ sqlite: join(dir, 'tenant.db') }, { sqlite: join(dir, 'bare.db') });
    const onPostgres = await measure(
      { postgresql: postgres.createDatabase('tenant') },
      { postgresql: postgres.createDatabase('bare') },
    );
    return {
      figures: { ...named('sqlite', onSqlite.figures), ...named('postgresql', onPostgres.figures) },
      ratios: {
        signin_vs_bound_sqlite: onSqlite.ratio,
        signin_vs_bound_postgresql: onPostgres.ratio,
        signin_p99_vs_p50_sqlite: onSqlite.p99VsP50,
        signin_p99_vs_p50_postgresql: onPostgres.p99VsP50,
      },
    };
  } finally {
    await postgres.stop();
    rmSync(dir, { recursive: true });
  }
}

type Place = Parameters<typeof openTenant>[0];

async function measure(where: Place, bareWhere: Place) {
  const tenant = await openTenant(where);
  const bare = await bareDatabase(bareWhere);
  try {
    const keys = await enrolled(tenant);
    const bound = bareWork(keys, bare.insert);
    await round(tenant, keys); // warm
    await atATime(BOUND_A_ROUND, AT_A_TIME, bound);
    const rounds = [];
    for (let i = 0; i < ROUNDS; i++) {
      const signIns = await round(tenant, keys);
      rounds.push({
        signIns,
        bound: (BOUND_A_ROUND * 1000) / (await atATime(BOUND_A_ROUND, AT_A_TIME, bound)),
      });
    }
    const perSecond = median(rounds.map(({ signIns }) => signIns));
    const latencies = await halfLoad(tenant, keys, perSecond / 2);
    const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
    return {
      ratio: rounded(median(rounds.map((one) => one.signIns / one.bound)), 3),
      p99VsP50: rounded(p99 / p50, 2),
      figures: {
        signins_per_s: Math.round(perSecond),
        bound_per_s: Math.round(median(rounds.map((one) => one.bound))),
        signin_p50_ms: rounded(p50, 2),
        signin_p99_ms: rounded(p99, 2),
      },
    };
  } finally {
    await bare.close();
    await tenant.ceremonies.flush();
    await tenant.store.destroy();
  }
}

const by = () => ({ actor: 'admin-socket', correlationId: randomUUID() });

async function enrolled(tenant: Tenant): Promise<TestKey[]> {
  const keys: TestKey[] = [];
  for (let i = 0; i < USERS; i++) {
    const userPrincipalName = `user${i}@example.com`;
    await createUser(tenant, by(), { userPrincipalName });
    const key = new TestKey();
    const publicKey = await registrationOptions(tenant, by(), userPrincipalName);
    const credential = key.create({ publicKey, origin: ORIGIN });
    await registerKey(tenant, by(), userPrincipalName, { displayName: 'key', credential });
    keys.push(key);
  }
  return keys;
}

/** Sign-ins a second: the options and the sign-ins are measured, what the keys do between them is not. */
async function round(tenant: Tenant, keys: readonly TestKey[]): Promise<number> {
  const challenges: { browser: string; challenge: string }[] = [];
  const spent = await atATime(SIGN_INS_A_ROUND, AT_A_TIME, () => {
    challenges.push(optionsOf(tenant));
  });
  const answers = challenges.map((one, i) => answer(keys, i, one));
  let at = 0;
  const more = await atATime(SIGN_INS_A_ROUND, AT_A_TIME, () => signIn(tenant, answers[at++]));
  return (SIGN_INS_A_ROUND * 1000) / (spent + more);
}

function optionsOf(tenant: Tenant): { browser: string; challenge: string } {
  const browser = randomBytes(16).toString('base64url');
  const target = { kind: 'page', path: '/security-info' } as const;
  const config = pageConfig(tenant, { browser, target, traceId: randomUUID(), loginHint: '' });
  JSON.stringify(config); // as it goes into the page
  return { browser, challenge: config.sFidoChallenge };
}

function answer(keys: readonly TestKey[], i: number, { browser, challenge }: ReturnType<typeof optionsOf>) {
  const key = keys[i % keys.length];
  if (key === undefined) throw new Error('no key');
  return { browser, assertion: key.assert(Buffer.from(challenge, 'latin1')) };
}

async function signIn(tenant: Tenant, given: ReturnType<typeof answer> | undefined): Promise<void> {
  if (given === undefined) throw new Error('no answer');
  const by = { source: '192.0.2.1', correlationId: randomUUID() };
  const proof = await signInByKey(tenant, by, {
    assertion: JSON.stringify(given.assertion),
    browser: given.browser,
    login: '',
    where: 'Firefox on Linux',
  });
  await beginSession(tenant, by, proof);
}

/** What no sign-in can do without: the signature is verified, and one row is on the disk. */
function bareWork(keys: readonly TestKey[], insert: BareDatabase['insert']): () => Promise<void> {
  const signed = keys.map((key) => {
    const assertion: Assertion = key.assert(randomBytes(32));
    const hash = createHash('sha256').update(Buffer.from(assertion.clientDataJSON, 'base64url')).digest();
    return {
      message: Buffer.concat([Buffer.from(assertion.authenticatorData, 'base64url'), hash]),
      signature: Buffer.from(assertion.signature, 'base64url'),
      publicKey: key.publicKey as KeyObject,
    };
  });
  let at = 0;
  return async () => {
    const one = signed[at++ % signed.length];
    if (!one || !verify('sha256', one.message, one.publicKey, one.signature)) throw new Error('signature');
    await insert();
  };
}

/** The latencies of sign-ins that come at a steady rate, in milliseconds. */
async function halfLoad(tenant: Tenant, keys: readonly TestKey[], perSecond: number): Promise<number[]> {
  const times = Math.round(perSecond * HALF_LOAD_SECONDS);
  const answers = Array.from({ length: times }, (_, i) => answer(keys, i, optionsOf(tenant)));
  globalThis.gc?.(); // no server holds so many answers: they are not to be copied about while they wait
  const latencies: number[] = [];
  const start = performance.now();
  const one = async (given: (typeof answers)[number], due: number) => {
    optionsOf(tenant);
    await signIn(tenant, given);
    latencies.push(performance.now() - due);
  };
  const running: Promise<void>[] = [];
  for (const [i, given] of answers.entries()) {
    const due = start + (i * 1000) / perSecond;
    const early = due - performance.now();
    if (early > 0) await wait(early);
    running.push(one(given, due));
  }
  await Promise.all(running);
  return latencies;
}

const named = (database: string, figures: Record<string, number>) =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${name}_${database}`, value]));
