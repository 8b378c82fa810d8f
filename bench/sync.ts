/**
 * Sync from a real Samba domain: a full run of 20,000 users beside `ldapsearch` of the same attributes, tenant writes
 * included; an incremental run of 100 changes among 1,000 and among 20,000 users, the directory's own share apart; and
 * the memory of the connector's process in a full run
 * with a small heap, when the tenant has everybody already. Needs root and Debian's packages (samba-ad-dc, ldap-utils); two
 * minutes, and some more the first time, when the directories are seeded.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SambaDomain } from '../packages/lab/src/samba/index.ts';
import { BASE, changePeople, measuredRun, startDirectory, startTenant } from './directory.ts';
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
  const small = await measure(SMALL);
  const large = await measure(LARGE);
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
}

async function measure(people: number) {
  const samba = await startDirectory(people);
  const tenant = await startTenant();
  try {
    const ldapsearch = await median(ROUNDS, () => plainSearch(samba));
    const full = await measuredRun(samba, tenant);
    if (full.mode !== 'full' || (await tenant.users()) < people) throw new Error(JSON.stringify(full));
    const runs = [];
    for (let round = 0; round < ROUNDS; round++) {
      await changePeople(samba, people, CHANGES, `Round ${round} of ${people}`);
      const run = await measuredRun(samba, tenant);
      if (run.mode !== 'incremental' || run.counts.updated !== CHANGES) throw new Error(JSON.stringify(run));
      runs.push(run);
    }
    const again = await measuredRun(samba, tenant, { smallHeap: true, full: true });
    if (again.mode !== 'full' || again.sent > 0) throw new Error(JSON.stringify(again));
    const middle = runs.sort(
      (a, b) => a.milliseconds - a.directoryMilliseconds - (b.milliseconds - b.directoryMilliseconds),
    )[Math.floor(ROUNDS / 2)];
    return {
      ldapsearch,
      full: full.milliseconds,
      fullDirectory: full.directoryMilliseconds,
      incremental: middle?.milliseconds ?? 0,
      incrementalDirectory: middle?.directoryMilliseconds ?? 0,
      rss: again.rssMib,
    };
  } finally {
    await tenant.close();
    await samba.stop();
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
