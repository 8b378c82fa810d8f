/**
 * Sync from a real Samba domain: a full run of 20,000 users beside `ldapsearch` of the same attributes, tenant writes
 * included; an incremental run of 100 changes among 1,000 and among 20,000 users, the directory's own share apart; and
 * the memory of the process that does it all. Needs root and Debian's packages (samba-ad-dc, ldap-utils); some minutes.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SambaDomain } from '../packages/lab/src/samba/index.ts';
import { BASE, changePeople, measuredRun, seed, startDirectory, startTenant } from './directory.ts';
import type { BenchResult } from './mint.ts';

const [SMALL, LARGE] = [1_000, 20_000];
const CHANGES = 100;
const ROUNDS = 5;
const ATTRIBUTES = [
  ...['objectGUID', 'objectSid', 'sAMAccountName', 'userAccountControl', 'accountExpires', 'pwdLastSet'],
  ...['lockoutTime', 'adminCount', 'primaryGroupID', 'msDS-UserPasswordExpiryTimeComputed'],
  ...['userPrincipalName', 'displayName', 'mail'],
];

export async function benchSync(): Promise<BenchResult> {
  const samba = await startDirectory();
  try {
    await seed(samba, 0, SMALL);
    const small = await measure(samba, SMALL);
    await seed(samba, SMALL, LARGE);
    const large = await measure(samba, LARGE);
    const round = (value: number) => Math.round(value * 100) / 100;
    return {
      figures: {
        sync_users_per_second: Math.round((LARGE / large.full) * 1000),
        sync_full_ms: large.full,
        sync_full_directory_ms: large.fullDirectory,
        ldapsearch_ms: large.ldapsearch,
        incremental_1000_ms: small.incremental,
        incremental_1000_directory_ms: small.incrementalDirectory,
        incremental_20000_ms: large.incremental,
        incremental_20000_directory_ms: large.incrementalDirectory,
        sync_rss_1000_mib: small.rss,
        sync_rss_20000_mib: large.rss,
      },
      ratios: {
        sync_vs_ldapsearch: round(large.full / large.ldapsearch),
        incremental_20000_vs_1000: round(
          (large.incremental - large.incrementalDirectory) / (small.incremental - small.incrementalDirectory),
        ),
        sync_rss_20000_vs_1000: round(large.rss / small.rss),
      },
    };
  } finally {
    await samba.stop();
  }
}

async function measure(samba: SambaDomain, people: number) {
  const ldapsearch = await median(ROUNDS, () => plainSearch(samba));
  const tenant = await startTenant();
  let rss = 0;
  const watch = setInterval(() => {
    rss = Math.max(rss, process.memoryUsage().rss);
  }, 20);
  try {
    const full = await measuredRun(samba, tenant.target);
    if (full.mode !== 'full' || (await tenant.users()) < people) throw new Error(JSON.stringify(full));
    const runs = [];
    for (let round = 0; round < ROUNDS; round++) {
      await changePeople(samba, people, CHANGES, `Round ${round} of ${people}`);
      const run = await measuredRun(samba, tenant.target);
      if (run.mode !== 'incremental' || run.counts.updated !== CHANGES) throw new Error(JSON.stringify(run));
      runs.push(run);
    }
    const middle = runs.sort(
      (a, b) => a.milliseconds - a.directoryMilliseconds - (b.milliseconds - b.directoryMilliseconds),
    )[Math.floor(ROUNDS / 2)];
    return {
      ldapsearch,
      full: full.milliseconds,
      fullDirectory: full.directoryMilliseconds,
      incremental: middle?.milliseconds ?? 0,
      incrementalDirectory: middle?.directoryMilliseconds ?? 0,
      rss: Math.round(rss / 1024 / 1024),
    };
  } finally {
    clearInterval(watch);
    await tenant.close();
  }
}

async function plainSearch(samba: SambaDomain): Promise<number> {
  const passwordFile = join(samba.workDir, 'bench-password');
  writeFileSync(passwordFile, samba.adminPassword, { mode: 0o600 });
  const filter = '(&(objectCategory=person)(objectClass=user)(sAMAccountType=805306368))';
  const bind = ['-x', '-D', 'Administrator@corp.example.com', '-y', passwordFile];
  const began = performance.now();
  await samba.run(
    'ldapsearch',
    [
      '-LLL',
      '-H',
      `ldaps://${samba.fqdn}`,
      ...bind,
      '-E',
      'pr=500/noprompt',
      '-b',
      BASE,
      filter,
      ...ATTRIBUTES,
    ],
    { timeoutSeconds: 300, env: { LDAPTLS_CACERT: samba.caFile } },
  );
  return Math.round(performance.now() - began);
}

async function median(rounds: number, once: () => Promise<number>): Promise<number> {
  const all = [];
  for (let round = 0; round < rounds; round++) all.push(await once());
  return all.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
}
