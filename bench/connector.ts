/** A connector's run in a process of its own, as in life: bench/sync.ts starts it and reads what it prints. */
import { parseArgs } from 'node:util';
import { openDomainSession, openSource, runSync } from '@kennel/active-directory';
import { clientTransport, connectorClientOver, readEnrolments } from '@kennel/tenant/client';
import { timed } from './timed.ts';

const { values } = parseArgs({
  options: {
    dns: { type: 'string' },
    clients: { type: 'string' },
    full: { type: 'boolean', default: false },
  },
});
const { dns = '', clients = '', full } = values;
const enrolment = readEnrolments(clients).find(({ domain }) => domain === 'corp.example.com');
if (enrolment === undefined) throw new Error('no client is enrolled');

const session = await openDomainSession({
  domain: 'corp.example.com',
  upn: 'Administrator@corp.example.com',
  password: process.env.BENCH_PASSWORD ?? '',
  dnsServers: [dns],
});
const waited = timed(session);
const source = await openSource(session.directory, 'corp.example.com', {});
const before = waited();
const result = await runSync({
  source,
  target: connectorClientOver(clientTransport(clients, enrolment)),
  netbiosName: 'CORP',
  full,
});
const directoryMilliseconds = waited() - before;
await session.close();
const rssMib = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...result, directoryMilliseconds, rssMib }));
