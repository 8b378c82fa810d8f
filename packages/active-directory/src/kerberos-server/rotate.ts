/**
 * Rotation of a Kerberos server's key: a domain controller makes the new one, it is read back, published as one that
 * waits, and used only when every writable controller has shown that it has it. Interrupted anywhere and run again,
 * it goes on where it was: what has been done is seen on both sides, and nothing else is remembered.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { KerberosError } from '@kennel/kerberos';
import { listDomainControllers } from '../controllers.ts';
import { ActiveDirectoryError } from '../errors.ts';
import { readEntry, texts } from '../ldap/search.ts';
import type { ControllerSession, DomainSession } from '../session.ts';
import type { ServerObjects } from './objects.ts';
import { type ProbeMaker, type ProbeOutcome, probeController } from './probe.ts';
import { readKrbtgtKey } from './read-key.ts';
import { makeNewKey } from './reset-key.ts';

export interface RotationTenant extends ProbeMaker {
  state(): Promise<{ krbtgtNumber: number; keyVersion: number; pendingKeyVersion: number | null }>;
  publishPending(key: {
    krbtgtNumber: number;
    keyVersion: number;
    etype: 18;
    key: string;
    keyUpdatedOn: string;
  }): Promise<unknown>;
  activate(grounds: { keyVersion: number; provenBy: string[]; without: string[] }): Promise<unknown>;
}

export interface RotationOptions {
  session: DomainSession;
  objects: Pick<ServerObjects, 'id' | 'userDn'>;
  tenant: RotationTenant;
  /** `new`: a new key, unless one is under way; `present`: only take over a key that the domain has already. */
  key: 'new' | 'present';
  /** Also within a day of the last one, and where a controller that made a key cannot be reached. */
  force?: boolean;
  /** Milliseconds that controllers may take to get the key. */
  patience: number;
  /** Host names of writable controllers that are not waited for. */
  without?: readonly string[];
  /** Whose ticket the probes try; without one, that of an account which is to be denied. */
  user?: string | undefined;
  onStep?: (step: RotationStep, text: string) => void;
}

export type RotationStep = 'controllers' | 'key-made' | 'key-published' | 'waiting' | 'proven' | 'activated';

export interface Rotation {
  keyVersion: number;
  previousKeyVersion: number;
  provenBy: string[];
  without: string[];
}

const DAY = 86_400_000;
/** Between two rounds of probes; it grows, since each probe stands in the tenant's audit. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 20_000;

/**
 * @throws ActiveDirectoryError `rotated-recently`, `rotation-waits` (nothing is lost: the key before stays in use),
 *   those of LDAP and DRSUAPI; what the tenant throws
 */
export async function rotateKey(options: RotationOptions): Promise<Rotation> {
  const { session, objects, tenant, without = [], onStep = () => undefined } = options;
  const skipped = without.map((name) => name.toLowerCase());
  const before = await tenant.state();
  const controllers = (await listDomainControllers(session.directory))
    .filter(({ writable }) => writable)
    .map(({ hostName }) => hostName);
  const known = await versionsAt(options, controllers);
  const needed = controllers.filter((name) => !skipped.includes(name));
  onStep(
    'controllers',
    `Writable domain controllers: ${[...known].map(([name, version]) => `${name} ${version === undefined ? 'not reachable' : `version ${version}`}`).join(', ')}.`,
  );
  const home = await newestKey(options, before, known, needed);
  const { keyVersion } = home;
  if (keyVersion !== before.keyVersion) {
    await tenant.publishPending({ ...home, krbtgtNumber: objects.id, etype: 18 });
    onStep('key-published', `Version ${keyVersion} is published, and not used yet.`);
    await proven(options, needed, keyVersion);
    await tenant.activate({ keyVersion, provenBy: needed, without: skipped });
  }
  onStep('activated', `Version ${keyVersion} of krbtgt_${objects.id} signs from now on.`);
  return { keyVersion, previousKeyVersion: before.keyVersion, provenBy: needed, without: skipped };
}

/** The key version that each controller has; undefined for one that cannot be reached. */
async function versionsAt(
  { session, objects }: RotationOptions,
  controllers: readonly string[],
): Promise<Map<string, number | undefined>> {
  const versions = new Map<string, number | undefined>();
  for (const name of controllers)
    versions.set(name, await at(session, name, (there) => versionThere(there, objects)));
  return versions;
}

async function versionThere(
  { directory }: ControllerSession,
  { userDn }: Pick<ServerObjects, 'userDn'>,
): Promise<number> {
  const entry = await readEntry(directory, userDn, ['msDS-KeyVersionNumber']);
  return Number(texts(entry, 'msDS-KeyVersionNumber')[0] ?? 0) & 0xffff;
}

/** Does something at one controller; undefined where it cannot be reached. */
async function at<T>(
  session: DomainSession,
  name: string,
  use: (there: ControllerSession) => Promise<T>,
): Promise<T | undefined> {
  if (name === session.hostName) return use(session);
  let there: ControllerSession | undefined;
  try {
    there = await session.at(name);
    return await use(there);
  } catch (error) {
    if (error instanceof ActiveDirectoryError || error instanceof KerberosError) return undefined;
    throw error;
  } finally {
    await there?.close();
  }
}

interface NewestKey {
  keyVersion: number;
  key: string;
  keyUpdatedOn: string;
}

/** The key that is to come, read back; made first where there is none yet. */
async function newestKey(
  options: RotationOptions,
  tenant: { keyVersion: number; pendingKeyVersion: number | null },
  known: ReadonlyMap<string, number | undefined>,
  needed: readonly string[],
): Promise<NewestKey> {
  const { session, objects, key, force = false, onStep = () => undefined } = options;
  const [newest, version] = [...known].reduce<[string, number]>(
    (best, [name, version = 0]) => (version > best[1] ? [name, version] : best),
    [session.hostName, known.get(session.hostName) ?? 0],
  );
  // A controller that is behind must not make a key: when it replicates, one of two keys of the same version is lost.
  if (version < tenant.keyVersion)
    throw new ActiveDirectoryError(
      'rotation-waits',
      `The tenant signs with version ${tenant.keyVersion}, and no domain controller that can be reached has it. Bring back the one that has and run this again; where the directory was restored from a backup, run: kennel kerberos-server remove, then create.`,
      { version: tenant.keyVersion },
    );
  if (version > tenant.keyVersion || key === 'present') return readAt(options, newest);
  if (tenant.pendingKeyVersion !== null && !force)
    throw new ActiveDirectoryError(
      'rotation-waits',
      `Version ${tenant.pendingKeyVersion} was published, and no domain controller that can be reached has it. Bring back the one that made it and run this again; or make another key with --force.`,
      { version: tenant.pendingKeyVersion },
    );
  const away = needed.filter((name) => known.get(name) === undefined);
  if (away.length > 0)
    throw new ActiveDirectoryError(
      'rotation-waits',
      `${away.join(', ')} cannot be reached, so nothing was changed. Bring it back and run this again; or, where it is down for long, leave it out with --without ${away[0]}.`,
      { away },
    );
  const there = newest === session.hostName ? session : await session.at(newest);
  try {
    if (!force) checkAge(await readFrom(there, objects));
    await makeNewKey(there.directory, objects.userDn);
    const made = await readFrom(there, objects);
    if (made.keyVersion <= tenant.keyVersion)
      throw new ActiveDirectoryError(
        'ldap-failed',
        `${newest} said that it made a new key, and still has version ${made.keyVersion}. Look at its log.`,
      );
    onStep('key-made', `${newest} made version ${made.keyVersion} of the key.`);
    return made;
  } finally {
    if (there !== session) await there.close();
  }
}

function checkAge({ keyUpdatedOn }: NewestKey): void {
  const age = Date.now() - Date.parse(keyUpdatedOn);
  if (age < DAY)
    throw new ActiveDirectoryError(
      'rotated-recently',
      `The key was made ${Math.round(age / 3_600_000)} hours ago. Tickets under the key before it are still in use; rotate again after a day, or now with --force.`,
      { keyUpdatedOn },
    );
}

async function readAt({ session, objects }: RotationOptions, name: string): Promise<NewestKey> {
  const there = name === session.hostName ? session : await session.at(name);
  try {
    return await readFrom(there, objects);
  } finally {
    if (there !== session) await there.close();
  }
}

async function readFrom(
  there: ControllerSession,
  { userDn }: Pick<ServerObjects, 'userDn'>,
): Promise<NewestKey> {
  const { aes256, keyVersion, changedAt } = await readKrbtgtKey({
    dc: { host: there.address },
    objectDn: userDn,
    security: there.rpcSecurity(),
  });
  const key = Buffer.from(aes256).toString('base64');
  aes256.fill(0);
  return { keyVersion, key, keyUpdatedOn: changedAt.toISOString() };
}

/** Waits until every controller has shown that it has the key. @throws ActiveDirectoryError `rotation-waits` */
async function proven(
  { session, tenant, user, patience, onStep = () => undefined }: RotationOptions,
  controllers: readonly string[],
  keyVersion: number,
): Promise<void> {
  const deadline = Date.now() + patience;
  const left = new Map<string, string>(controllers.map((name) => [name, '']));
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
    for (const [name, saidBefore] of [...left]) {
      const why = await lacks(session, tenant, name, user);
      if (why === undefined) {
        left.delete(name);
        onStep('proven', `${name} has version ${keyVersion}.`);
      } else {
        left.set(name, why);
        if (why !== saidBefore) onStep('waiting', `Waiting for ${name}: ${why}`);
      }
    }
    if (left.size === 0) return;
    if (Date.now() >= deadline) break;
    await wait(Math.min(pause, Math.max(0, deadline - Date.now())));
  }
  const names = [...left.keys()];
  throw new ActiveDirectoryError(
    'rotation-waits',
    `Version ${keyVersion} is not used yet, and sign-ins go on under the one before: ${[...left].map(([name, why]) => `${name}: ${why}`).join('; ')} Run this again when they replicate (or are back); a controller that is down for long is left out with --without ${names[0]}.`,
    { waitingFor: names },
  );
}

/** Why a controller has not proven itself; undefined where it has. */
async function lacks(
  session: DomainSession,
  tenant: ProbeMaker,
  hostName: string,
  user: string | undefined,
): Promise<string | undefined> {
  let outcome: ProbeOutcome;
  try {
    outcome = await probeController(
      tenant,
      { hostName, address: await session.addressOf(hostName) },
      'pending',
      user,
    );
  } catch (error) {
    if (error instanceof ActiveDirectoryError) return error.message;
    throw error;
  }
  if (!outcome.answered) return outcome.message;
  const { redeemed, keyKnown, refusal, message } = outcome.answer;
  if (redeemed || (user === undefined && keyKnown === true)) return undefined;
  if (keyKnown === false) return `it does not have the new key yet (${refusal}).`;
  return message;
}
