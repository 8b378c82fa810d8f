/** A real Samba domain with many users, and a tenant with its connector, for measurements. Root on Linux. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type DomainSession,
  openDomainSession,
  openSource,
  runSync,
  type SyncResult,
  type SyncTarget,
} from '@kennel/active-directory';
import { adminClient, initTenant, serveTenant } from '@kennel/tenant';
import { clientTransport, connectorClientOver, enrolClient } from '@kennel/tenant/client';
import { type SambaDomain, startSambaDomain } from '../packages/lab/src/samba/index.ts';

export const BASE = 'DC=corp,DC=example,DC=com';
const CHUNK = 1000;

export async function startDirectory(): Promise<SambaDomain> {
  const samba = await startSambaDomain();
  await samba.directory.add(`dn: OU=People,${BASE}\nobjectClass: organizationalUnit\n`);
  return samba;
}

/** Brings the directory from so many people to so many. */
export async function seed({ run }: SambaDomain, from: number, to: number): Promise<void> {
  const script = fileURLToPath(new URL('seed.py', import.meta.url));
  for (let at = from; at < to; at += CHUNK) {
    const range = [String(at), String(Math.min(to, at + CHUNK))];
    const args = [script, '/etc/samba/smb.conf', '/var/lib/samba/private/sam.ldb', BASE, ...range];
    await run('python3', args, { timeoutSeconds: 600 });
    console.error(`seeded ${range[1]} of ${to}`);
  }
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
  target: SyncTarget;
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
  const enrolment = await enrolClient({
    clientsDir,
    tenantUrl: running.url,
    caFile,
    name: 'connector',
    token,
  });
  return {
    home,
    target: connectorClientOver(clientTransport(clientsDir, enrolment)),
    users: async () => (await admin.sync.domains())[0]?.known.user ?? 0,
    close: async () => {
      await running.close();
      rmSync(home, { recursive: true });
    },
  };
}

/** One run, with the part of its time in which it waited for the directory. */
export async function measuredRun(
  samba: SambaDomain,
  target: SyncTarget,
): Promise<SyncResult & { directoryMilliseconds: number }> {
  const session = await openDomainSession({
    domain: 'corp.example.com',
    upn: 'Administrator@corp.example.com',
    password: samba.adminPassword,
    dnsServers: [samba.address],
  });
  const waited = timed(session);
  try {
    const source = await openSource(session.directory, 'corp.example.com', {});
    const before = waited();
    const result = await runSync({ source, target, netbiosName: 'CORP' });
    return { ...result, directoryMilliseconds: waited() - before };
  } finally {
    await session.close();
  }
}

/** Counts how long searches are waited for. */
function timed({ directory: { client } }: DomainSession): () => number {
  let total = 0;
  const { search, searchPaginated } = client;
  client.search = async (...given) => {
    const began = performance.now();
    try {
      return await search.apply(client, given);
    } finally {
      total += performance.now() - began;
    }
  };
  client.searchPaginated = async function* (...given) {
    const pages = searchPaginated.apply(client, given);
    for (;;) {
      const began = performance.now();
      const { done, value } = await pages.next();
      total += performance.now() - began;
      if (done) return;
      yield value;
    }
  } as typeof searchPaginated;
  return () => Math.round(total);
}
