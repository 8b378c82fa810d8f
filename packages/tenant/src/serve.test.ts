/** Initialising, starting and ending a tenant: what is refused, what is replaced, what is left behind. */
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { loadMasterKey } from '@kennel/secrets';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWorld } from '../test/world.ts';
import { loadTls } from './config/tls.ts';
import { adminClient, initTenant, serveTenant } from './index.ts';

const log = pino({ level: 'silent' });
let dir: string;
let stateDir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kennel-serve-'));
  stateDir = join(dir, 'tenant');
});
afterEach(() => {
  delete process.env.KENNEL_MASTER_KEY_FILE;
  rmSync(dir, { recursive: true });
});

const options = { hostName: 'login.example.com', listen: { port: 0 } };
const init = (more: object = {}) => initTenant({ stateDir, ...options, ...more });
const serve = () => serveTenant({ stateDir, log });
const edit = (change: (config: Record<string, unknown>) => void) => {
  const path = join(stateDir, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  change(config);
  writeFileSync(path, JSON.stringify(config));
};

test('init writes files for their owner alone, and again changes nothing', async () => {
  const first = await init({ tenantName: 'Example' });
  const paths = ['config.json', 'master.key', 'tenant.db', 'tls/ca.key.sealed'].map((name) =>
    join(stateDir, name),
  );
  expect(statSync(stateDir).mode & 0o777).toBe(0o700);
  for (const path of paths) expect(statSync(path).mode & 0o777, path).toBe(0o600);
  const before = paths
    .slice(0, 2)
    .concat(first.caFile ?? '')
    .map((path) => readFileSync(path, 'utf8'));
  const second = await init();
  expect(second).toEqual(first);
  expect(
    paths
      .slice(0, 2)
      .concat(first.caFile ?? '')
      .map((path) => readFileSync(path, 'utf8')),
  ).toEqual(before);
  expect(first.config).toMatchObject({
    rpId: 'login.example.com',
    origins: ['https://login.example.com'],
    store: { sqlite: 'tenant.db' },
    tls: 'selfSigned',
    lab: false,
  });
});

test('init with other options names what differs', async () => {
  await init();
  await expect(init({ lab: true })).rejects.toMatchObject({
    code: 'config-exists',
    message: expect.stringContaining('lab'),
  });
});

test.each<[string, object, string]>([
  ['an unknown option', { colour: 'red' }, 'colour'],
  ['a wrong host name', { hostName: 'no host' }, 'hostName'],
  ['an RP ID of another domain', { rpId: 'evil.example' }, 'rpId'],
  ['a public suffix of letters only in common', { rpId: 'ogin.example.com' }, 'rpId'],
  ['an origin with a path', { origins: ['https://login.example.com/x'] }, 'origins'],
  ['a store of another kind', { store: { mysql: 'x' } }, 'store'],
])('init refuses %s and says which', async (_name, more, key) => {
  await expect(init(more)).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining(key),
  });
  expect(existsSync(join(stateDir, 'config.json'))).toBe(false);
});

test('start refuses a configuration with an unknown key, no configuration, or none that is JSON', async () => {
  await expect(serve()).rejects.toMatchObject({
    code: 'config-missing',
    message: expect.stringContaining('kennel init'),
  });
  await init();
  edit((config) => Object.assign(config, { listen: { address: '127.0.0.1', port: 0, backlog: 5 } }));
  await expect(serve()).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('listen.backlog'),
  });
  writeFileSync(join(stateDir, 'config.json'), '{');
  await expect(serve()).rejects.toMatchObject({ code: 'config-invalid' });
});

test('a changed RP ID is refused at start: every key would stop working', async () => {
  await init();
  edit((config) => Object.assign(config, { rpId: 'example.com' }));
  await expect(serve()).rejects.toMatchObject({
    code: 'rp-id-changed',
    message: expect.stringContaining('login.example.com'),
  });
  await expect(init()).rejects.toMatchObject({ code: 'rp-id-changed' });
});

test('an origin outside the RP ID is refused at start', async () => {
  await init();
  edit((config) =>
    Object.assign(config, { origins: ['https://login.example.com', 'https://login.evil.example'] }),
  );
  await expect(serve()).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('evil'),
  });
});

test('the store of another tenant, an empty one, and a lost or wrong master key are refused', async () => {
  await init();
  edit((config) => Object.assign(config, { tenantId: '11111111-1111-4111-8111-111111111111' }));
  await expect(serve()).rejects.toMatchObject({ code: 'store-not-initialised' });
  await init({ stateDir: join(dir, 'other') });
  rmSync(stateDir, { recursive: true });
  await init();
  edit((config) => Object.assign(config, { store: { sqlite: 'empty.db' } }));
  await expect(serve()).rejects.toMatchObject({ code: 'store-not-initialised' });
  edit((config) => Object.assign(config, { store: { sqlite: 'tenant.db' } }));
  const key = join(stateDir, 'master.key');
  writeFileSync(key, readFileSync(join(dir, 'other', 'master.key')));
  await expect(serve()).rejects.toMatchObject({ code: 'master-key-wrong' });
  chmodSync(key, 0o644);
  await expect(serve()).rejects.toMatchObject({ code: 'master-key-exposed' });
  rmSync(key);
  await expect(serve()).rejects.toMatchObject({ code: 'master-key-missing' });
  await expect(init()).rejects.toMatchObject({ code: 'master-key-missing' });
  expect(existsSync(key)).toBe(false);
});

test('a store that is no database, or does not answer, is said without its password', async () => {
  await init();
  edit((config) => Object.assign(config, { store: { sqlite: 'config.json' } }));
  await expect(serve()).rejects.toMatchObject({ code: 'store-unreachable' });
  edit((config) =>
    Object.assign(config, { store: { postgresql: 'postgresql://kennel:hunter2@127.0.0.1:1/kennel' } }),
  );
  const error = await serve().catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: 'store-unreachable' });
  expect(JSON.stringify([error, String(error)])).not.toContain('hunter2');
});

test('the master key may lie elsewhere', async () => {
  process.env.KENNEL_MASTER_KEY_FILE = join(dir, 'elsewhere.key');
  await init();
  expect(existsSync(join(stateDir, 'master.key'))).toBe(false);
  await (await serve()).close();
});

test('a state directory that others can look into is refused', async () => {
  await init();
  chmodSync(stateDir, 0o750);
  await expect(serve()).rejects.toMatchObject({ code: 'state-dir-exposed' });
});

test('a second instance is refused, and after a clean end the next one starts', async () => {
  await init();
  const first = await serve();
  const socket = join(stateDir, 'admin.sock');
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  await expect(serve()).rejects.toMatchObject({ code: 'tenant-already-running' });
  expect(await adminClient(stateDir).status()).toMatchObject({ rpId: 'login.example.com' });
  await first.close();
  await first.close();
  expect(existsSync(socket)).toBe(false);
  await expect(adminClient(stateDir).status()).rejects.toMatchObject({
    code: 'tenant-not-running',
    message: expect.stringContaining('kennel serve'),
  });
  await (await serve()).close();
});

test('the socket that a killed process left is replaced', async () => {
  await init();
  const program = `import { serveTenant } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
    const { url } = await serveTenant({ stateDir: ${JSON.stringify(stateDir)} });
    console.log(url);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await expect(serve()).rejects.toMatchObject({ code: 'tenant-already-running' });
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  expect(existsSync(join(stateDir, 'admin.sock'))).toBe(true);
  const next = await serve();
  expect((await adminClient(stateDir).status()).processId).toBe(process.pid);
  await next.close();
});

test('a taken port and a path that no socket can have are said, and nothing stays open', async () => {
  await init();
  const first = await serve();
  const port = Number(new URL(first.url).port);
  const second = join(dir, 'second');
  await initTenant({ stateDir: second, ...options, listen: { port } });
  await expect(serveTenant({ stateDir: second, log })).rejects.toMatchObject({ code: 'address-in-use' });
  await first.close();
  await (await serveTenant({ stateDir: second, log })).close();
  const long = join(dir, 'x'.repeat(120));
  await initTenant({ stateDir: long, ...options });
  await expect(serveTenant({ stateDir: long, log })).rejects.toMatchObject({ code: 'socket-path-too-long' });
});

test('its own CA vouches for its host name, and for no other', async () => {
  const world = await startWorld();
  try {
    const { port } = new URL(world.url);
    const ca = readFileSync(world.caFile);
    const peer = await new Promise<{ name: string; ok: boolean }>((resolve, reject) => {
      const socket = connect({ host: 'localhost', port: Number(port), ca, servername: 'localhost' }, () => {
        resolve({ name: socket.getPeerCertificate().subjectaltname ?? '', ok: socket.authorized });
        socket.destroy();
      });
      socket.on('error', reject);
    });
    expect(peer).toEqual({ name: 'DNS:localhost', ok: true });
  } finally {
    await world.close();
  }
});

test("the administrator's own certificate is served, and a missing file named", async () => {
  const { config } = await init();
  const material = await loadTls(stateDir, config, loadMasterKey(join(stateDir, 'master.key')), new Date());
  const own = join(dir, 'own');
  await initTenant({
    stateDir: own,
    ...options,
    tls: { certificateFile: 'server.pem', keyFile: join(dir, 'server.key') },
  });
  const start = () => serveTenant({ stateDir: own, log });
  await expect(start()).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('server.pem'),
  });
  writeFileSync(join(own, 'server.pem'), material.cert);
  writeFileSync(join(dir, 'server.key'), material.key);
  const running = await start();
  const served = await new Promise<Buffer>((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port: Number(new URL(running.url).port), rejectUnauthorized: false },
      () => {
        resolve(socket.getPeerCertificate().raw);
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
  await running.close();
  expect(served).toEqual(new X509Certificate(material.cert).raw);
});
