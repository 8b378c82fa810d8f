/** A real Samba domain with many users, and a tenant with its connector, for measurements. Root on Linux. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SyncResult } from '@kennel/active-directory';
import { adminClient, initTenant, serveTenant } from '@kennel/tenant';
import { enrolClient } from '@kennel/tenant/client';
import { type SambaDomain, startSambaDomain } from '../packages/lab/src/samba/index.ts';

export const BASE = 'DC=corp,DC=example,DC=com';
const CHUNK = 1000;

/**
 * A domain with so many people. Seeding takes minutes: what it makes is kept in a folder outside of the repository
 * (KENNEL_BENCH_CACHE, or kennel-bench in the folder for temporary files), and the next run starts from there.
 */
export async function startDirectory(people: number): Promise<SambaDomain> {
  const script = fileURLToPath(new URL('seed.py', import.meta.url));
  const seedHash = createHash('sha256').update(readFileSync(script)).digest('hex').slice(0, 12);
  const kept = process.env.KENNEL_BENCH_CACHE ?? join(tmpdir(), 'kennel-bench');
  return startSambaDomain({
    keptIn: join(kept, `${people}-${seedHash}`),
    prepare: async (run) => {
      for (let at = 0; at < people; at += CHUNK) {
        const end = String(Math.min(people, at + CHUNK));
        const args = [script, '/etc/samba/smb.conf', '/var/lib/samba/private/sam.ldb', BASE, String(at), end];
        await run('python3', args, { timeoutSeconds: 600 });
        console.error(`seeded ${end} of ${people}`);
      }
    },
  });
}

/** Changes the display names of so many people, spread over all of them. */
export async function changePeople(
  { directory }: SambaDomain,
  of: number,
  count: number,
  to: string,
): Promise<void> {
  const step = Math.floor(of / count);
  const changes = Array.from({ length: count }, (_, at) => {
    const name = `p${String(at * step).padStart(5, '0')}`;
    return `dn: CN=${name},OU=People,${BASE}\nchangetype: modify\nreplace: displayName\ndisplayName: ${to} ${at}\n`;
  });
  await directory.modify(changes.join('\n'));
}

export interface BenchTenant {
  home: string;
  users(): Promise<number>;
  close(): Promise<void>;
}

/** A fresh tenant that knows nobody, reached over HTTPS. */
export async function startTenant(): Promise<BenchTenant> {
  const home = mkdtempSync(join(tmpdir(), 'kennel-bench-'));
  const stateDir = join(home, 'tenant');
  const { caFile = '' } = await initTenant({ stateDir, hostName: 'localhost', listen: { port: 0 } });
  const running = await serveTenant({ stateDir });
  const admin = adminClient(stateDir);
  const { token } = await admin.clients.invite({ scope: 'connector', domain: 'corp.example.com' });
  const clientsDir = join(home, 'clients');
  await enrolClient({
    clientsDir,
    tenantUrl: running.url,
    caFile,
    name: 'connector',
    token,
  });
  return {
    home,
    users: async () => (await admin.sync.domains())[0]?.known.user ?? 0,
    close: async () => {
      await running.close();
      rmSync(home, { recursive: true });
    },
  };
}

export interface MeasuredRun extends SyncResult {
  /** Of its time, what it waited for the directory. */
  directoryMilliseconds: number;
  /** The most memory that the connector's process had. */
  rssMib: number;
}

/** A heap that is too small for what a domain holds: what a run needs shows, and not how seldom garbage is collected. */
const SMALL_HEAP = ['--max-old-space-size=40', '--max-semi-space-size=4'];

/** One run of a connector, in a process of its own. */
export async function measuredRun(
  samba: SambaDomain,
  { home }: Pick<BenchTenant, 'home'>,
  { smallHeap = false, full = false } = {},
): Promise<MeasuredRun> {
  const script = fileURLToPath(new URL('connector.ts', import.meta.url));
  const args = [
    ...(smallHeap ? SMALL_HEAP : []),
    ...[script, '--dns', samba.address, '--clients', join(home, 'clients')],
    ...(full ? ['--full'] : []),
  ];
  const env = { ...process.env, BENCH_PASSWORD: samba.adminPassword };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout) as MeasuredRun; // connector.ts prints one
}
