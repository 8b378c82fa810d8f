/** Notices by mail, through an SMTP server that we did not write: every change of keys, once, also when it was down. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { clientTransport, connectorClientOver, enrolClient } from '@kennel/tenant/client';
import { afterEach, expect } from 'vitest';
import { TestKey } from '../../packages/tenant/test/authenticator.ts';
import { ALICE, CORP, enrol, startWorld, type World } from '../../packages/tenant/test/world.ts';
import { stopProcess } from '../support/kennel.ts';
import { withPeers } from '../support/peers.ts';

const it = withPeers('smtp', 'openssl');
const SINK = fileURLToPath(new URL('peers/smtp_sink.py', import.meta.url));

interface Mail {
  to: string[];
  from: string;
  subject: string;
  text: string;
  tls: boolean;
}
const running: ChildProcess[] = [];
let world: World | undefined;
const dir = () => mkdtempSync(join(tmpdir(), 'kennel-mail-'));
afterEach(async () => {
  await world?.close();
  world = undefined;
  for (const child of running.splice(0)) await stopProcess(child, 'SIGTERM');
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts the server; the mails that it takes come into the list. */
async function smtp(port: number, tls: string[] = []): Promise<Mail[]> {
  const child = spawn('/usr/bin/python3', [SINK, String(port), ...tls], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.push(child);
  const mails: Mail[] = [];
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  lines.on('line', (line) => mails.push(JSON.parse(line)));
  return mails;
}

it('tells of each change of keys, over TLS, and never of a secret', async () => {
  const folder = dir();
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
      ...[
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=DNS:localhost',
        '-keyout',
        key,
        '-out',
        certificate,
      ],
    ],
    { stdio: 'ignore' },
  );
  const port = await freePort();
  const mails = await smtp(port, [certificate, key]);
  world = await startWorld({
    tenantName: 'Example Ltd',
    mail: { host: 'localhost', port, security: 'starttls', caFile: certificate, from: 'kennel@example.com' },
  });
  const { user } = await enrol(world);
  const [added] = await world.admin.keys.list(user.id);
  await world.admin.keys.remove(user.id, added?.id ?? '');
  const pass = await world.admin.passes.create(user.id);
  await expect.poll(() => mails.length, { timeout: 20_000 }).toBe(3);
  expect(mails.map(({ to, from, tls }) => [to, from, tls])).toEqual(
    Array(3).fill([[ALICE.userPrincipalName], 'kennel@example.com', true]),
  );
  expect(mails.map(({ subject }) => subject)).toEqual([
    'A security key was added to your account',
    'A security key was removed from your account',
    'A Temporary Access Pass was made for your account',
  ]);
  expect(mails[0]?.text).toMatch(/Hello Alice,[\s\S]*"a key"[\s\S]*Example Ltd[\s\S]*By: an administrator/);
  expect(JSON.stringify(mails)).not.toContain(pass.temporaryAccessPass);
  const sent = (await world.admin.audit.list({ limit: 1000 })).filter(({ event }) => event === 'notice.sent');
  expect(sent.map(({ subject }) => subject)).toEqual(Array(3).fill(`user:${user.id}`));
  rmSync(folder, { recursive: true });
});

it('keeps what cannot be sent, over a restart, and sends it once', async () => {
  const port = await freePort();
  world = await startWorld({
    mail: { host: '127.0.0.1', port, security: 'none', from: 'kennel@example.com' },
  });
  await enrol(world, ALICE, new TestKey());
  await expect
    .poll(() => world?.logged.join('').includes('could not be sent'), { timeout: 10_000 })
    .toBe(true);
  const mails = await smtp(port);
  world.clock.offset += 120;
  await world.restart();
  await expect.poll(() => mails.length, { timeout: 10_000 }).toBe(1);
  world.clock.offset += 7200;
  await world.restart();
  expect(mails).toHaveLength(1);
});

it('goes to the address that sync brings', async () => {
  const port = await freePort();
  const mails = await smtp(port);
  world = await startWorld({
    mail: { host: '127.0.0.1', port, security: 'none', from: 'kennel@example.com' },
  });
  const { token } = await world.admin.clients.invite({ scope: 'connector', domain: CORP.dnsName });
  const clientsDir = join(world.stateDir, 'clients');
  const given = { clientsDir, tenantUrl: world.url, caFile: world.caFile, name: 'connector', token };
  const connector = connectorClientOver(clientTransport(clientsDir, await enrolClient(given)));
  const { dnsName, netbiosName, domainSid } = CORP;
  const { runId } = await connector.begin({ dnsName, netbiosName, domainSid, mode: 'full' });
  const bob = {
    ...{ kind: 'user' as const, anchor: randomUUID(), version: '1', mail: 'bob.builder@example.com' },
    ...{ displayName: 'Bob', userPrincipalName: 'bob@corp.example.com', samAccountName: 'bob' },
    ...{ sid: `${domainSid}-2000`, primaryGroupSid: `${domainSid}-513`, enabled: true },
    ...{ mustChangePassword: false, protected: false },
    ...{ accountExpiresOn: null, passwordExpiresOn: null, lockedUntil: null },
  } as const;
  await connector.push(runId, { sequence: 1, objects: [bob], state: 'here' });
  await connector.end(runId, { outcome: 'completed' });
  await world.admin.passes.create('bob');
  await expect.poll(() => mails.length, { timeout: 10_000 }).toBe(1);
  expect(mails[0]?.to).toEqual(['bob.builder@example.com']);
});
