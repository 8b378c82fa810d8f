/** The guard: nothing without a principal, nothing beyond its rights, and what a browser's session needs besides. */
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startWorld, type World } from '../../test/world.ts';
import { Strangers } from '../audit/strangers.ts';
import { AuditTrail } from '../audit/trail.ts';
import { createApp, type Routes } from '../server/fastify.ts';
import { migrateStore, openStore } from '../store/open.ts';
import type { Tenant } from '../tenant.ts';
import { callerOf, guard, principalOf } from './guard.ts';
import { checkConnectorDomain, type Principal } from './principal.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const ORIGIN = 'https://login.example.com';
const store = openStore({ sqlite: ':memory:' });
const audit = new AuditTrail(store, () => NOW);
let caller: Principal | undefined;
let app: Routes;
beforeAll(() => migrateStore(store));
afterAll(() => store.destroy());
beforeEach(() => {
  app = createApp(pino({ level: 'silent' }));
  // the guard asks for these of a tenant
  const tenant = {
    config: { origins: [ORIGIN], listen: { port: 443 } },
    audit,
    strangers: new Strangers(audit, () => NOW),
    now: () => NOW,
  } as unknown as Tenant;
  guard(app, tenant, [async () => caller]);
  const body = async (request: Parameters<typeof callerOf>[0]) => ({ actor: callerOf(request).actor });
  app.get('/plain', body);
  app.post('/plain', body);
  app.post('/sync', { config: { access: ['connector'] } }, body);
  app.post('/publish', { config: { access: ['connector', 'administrator'] } }, async (request) => {
    checkConnectorDomain(principalOf(request), 'corp.example.com');
    return body(request);
  });
  app.get('/me', { config: { access: ['user'] } }, body);
  app.post('/me', { config: { access: ['user'] } }, body);
  app.post('/me/dangerous', { config: { access: ['user'], fresh: true } }, body);
});

const ask = async (as: Principal | undefined, method: 'GET' | 'POST', url: string, origin?: string) => {
  caller = as;
  const answer = await app.inject({ method, url, headers: origin === undefined ? {} : { origin } });
  const json = answer.json();
  return json.actor ?? `${answer.statusCode} ${json.suberror}`;
};
const connector = (domain: string): Principal => ({
  kind: 'client',
  id: '1',
  name: `sync-${domain}`,
  scope: { kind: 'connector', domain },
});
const person = (role: 'user' | 'administrator', minutesAgo: number): Principal => ({
  kind: 'user',
  id: 'u',
  role,
  authenticatedAt: new Date(NOW.getTime() - minutesAgo * 60_000),
});
const program: Principal = { kind: 'client', id: '2', name: 'ops', scope: { kind: 'administrator' } };

test('a route that says nothing is for administrators', async () => {
  expect(await ask(undefined, 'GET', '/plain')).toBe('401 authentication-required');
  expect(await ask(connector('corp.example.com'), 'GET', '/plain')).toBe('403 right-missing');
  expect(await ask(person('user', 0), 'GET', '/plain')).toBe('403 right-missing');
  expect(await ask({ kind: 'socket' }, 'GET', '/plain')).toBe('admin-socket');
  expect(await ask(program, 'GET', '/plain')).toBe('client:ops');
  expect(await ask(person('administrator', 60), 'GET', '/plain')).toBe('user:u');
});

test('a connector reaches what is said to be for connectors, and its own domain alone', async () => {
  expect(await ask(connector('corp.example.com'), 'POST', '/sync')).toBe('client:sync-corp.example.com');
  expect(await ask(program, 'POST', '/sync')).toBe('403 right-missing');
  expect(await ask({ kind: 'socket' }, 'POST', '/sync')).toBe('403 right-missing');
  expect(await ask(connector('corp.example.com'), 'POST', '/publish')).toBe('client:sync-corp.example.com');
  expect(await ask(connector('other.example'), 'POST', '/publish')).toBe('403 outside-connector-domain');
  expect(await ask(program, 'POST', '/publish')).toBe('client:ops');
});

test("a person's page: their own, an administrator's too, never a program's", async () => {
  expect(await ask(person('user', 60), 'GET', '/me')).toBe('user:u');
  expect(await ask(person('administrator', 60), 'GET', '/me')).toBe('user:u');
  expect(await ask(program, 'GET', '/me')).toBe('403 right-missing');
});

test('a change by a session comes from a page of the tenant, and a dangerous one after a fresh proof', async () => {
  const [admin, earlier] = [person('administrator', 4), person('administrator', 6)];
  expect(await ask(admin, 'POST', '/plain')).toBe('403 right-missing');
  expect(await ask(admin, 'POST', '/plain', 'https://evil.example')).toBe('403 right-missing');
  expect(await ask(admin, 'POST', '/plain', ORIGIN)).toBe('user:u');
  expect(await ask(earlier, 'POST', '/plain', ORIGIN)).toBe('401 fresh-assertion-required');
  expect(await ask(earlier, 'GET', '/plain')).toBe('user:u');
  expect(await ask(program, 'POST', '/plain')).toBe('client:ops');
  // what is one's own asks for it where it says so
  expect(await ask(person('user', 60), 'POST', '/me', ORIGIN)).toBe('user:u');
  expect(await ask(person('user', 60), 'POST', '/me/dangerous', ORIGIN)).toBe('401 fresh-assertion-required');
  expect(await ask(person('user', 4), 'POST', '/me/dangerous', ORIGIN)).toBe('user:u');
});

test('over the network nothing answers a stranger, and the refusal is in the audit', async () => {
  const world: World = await startWorld();
  try {
    for (const [method, path] of [
      ['GET', '/admin/v1/status'],
      ['GET', '/admin/v1/users'],
      ['POST', '/admin/v1/users'],
      ['GET', '/admin/v1/audit'],
      ['DELETE', '/admin/v1/kerberos-domains/corp.example.com'],
    ] as const) {
      const answer = await world.send(method, path, method === 'POST' ? '{}' : undefined);
      expect([answer.status, answer.json.suberror], path).toEqual([401, 'authentication-required']);
    }
    const tooLong = await world.send('POST', '/admin/v1/users', 'x'.repeat(70_000));
    expect(tooLong.status).toBe(401); // who asks is settled before the body is read
    expect((await world.send('GET', '/users')).status).toBe(404);
    const lines = (await world.admin.audit.list()).filter(({ event }) => event === 'access.refused');
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatchObject({ actor: 'unknown', subject: 'route:POST /admin/v1/users' });
  } finally {
    await world.close();
  }
});
