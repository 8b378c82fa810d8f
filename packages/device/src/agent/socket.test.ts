/** The agent's socket as a login prompt uses it: with a real tenant, a software key, and local users that are made up. */
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { decodeCcache } from '@kennel/kerberos';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { failing, PIN, startWorld, type World } from '../../test/world.ts';
import { signOut } from '../index.ts';
import { readDevice, writeDevice } from '../state/device.ts';
import { type AgentEvent, runAgent } from './agent.ts';
import { answerLine, parseAsk } from './protocol.ts';

let world: World;
let at: Awaited<ReturnType<World['join']>>;
let socketPath: string;
let ticketsDir: string;
let events: AgentEvent[];
let stop: (() => Promise<void>) | undefined;
beforeAll(async () => {
  world = await startWorld();
  at = await world.join('prompt');
  await world.signIn(at); // names the domain controller
  signOut({ stateDir: at.stateDir, forget: true });
  socketPath = join(world.home, 'run', 'agent.sock');
  ticketsDir = join(world.home, 'tickets');
});
afterAll(() => world.close());
afterEach(async () => {
  await stop?.();
  stop = undefined;
});

/** What getent says; whatever else is asked for is nobody. */
const PASSWD: Record<string, string> = {
  alice: 'alice:x:5001:5001::/home/alice:/bin/sh',
  'CORP\\alice': 'alice:*:5001:5001::/home/alice:/bin/sh',
  'alice@corp.example.com': 'alice@corp.example.com:*:5001:5001::/home/alice:/bin/sh',
  carol: 'carol:x:5002:5002::/home/carol:/bin/sh',
  daemon: 'daemon:x:1:1::/:/usr/sbin/nologin',
  broken: 'broken:x:-1:1::/:/bin/sh',
};

interface Wishes {
  withDomain?: boolean;
  key?: () => Promise<World['key']>;
}
async function agent({ withDomain = true, key = () => connectKey() }: Wishes = {}) {
  const ended = new AbortController();
  events = [];
  const running = runAgent({
    stateDir: at.stateDir,
    signal: ended.signal,
    every: 50,
    onEvent: (event) => events.push(event),
    signIns: {
      socketPath,
      domain: withDomain ? 'corp.example.com' : undefined,
      ticketsDir,
      openKey: key,
      lookup: (name) => Promise.resolve(PASSWD[name]),
    },
  });
  const failed = running.then(() => undefined);
  failed.catch(() => undefined); // whoever waits for it sees it
  stop = async () => {
    ended.abort();
    await failed.catch(() => undefined);
  };
  await Promise.race([failed, answering()]);
}
async function answering(): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (existsSync(socketPath) && (await ask('status').catch(() => [])).length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('no agent answers');
}

/** The key of the world, which stays open when the agent has done with it. */
async function connectKey(): Promise<World['key']> {
  return new Proxy(world.key, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (name === 'close') return () => Promise.resolve();
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** Sends a line, answers the question for a PIN, and gives every line that came. */
function ask(line: string | Buffer, pin?: string): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  const socket: Socket = connect(socketPath);
  let text = '';
  let asked = false;
  socket.on('connect', () => socket.write(typeof line === 'string' ? `${line}\n` : line));
  socket.on('data', (chunk) => {
    text += chunk;
    if (!asked && text.startsWith('pin ') && text.includes('\n')) {
      asked = true;
      if (pin === undefined) socket.end();
      else socket.write(`pin ${pin}\n`);
    }
  });
  socket.on('error', reject);
  socket.on('close', () => resolve(text.split('\n').slice(0, -1)));
  return promise;
}

test('somebody signs in: asked for the PIN, told of the touch, and given tickets of their own', async () => {
  await agent();
  const lines = await ask('signin alice', PIN);
  const ccache = join(ticketsDir, 'krb5cc_5001');
  expect(lines).toEqual([
    'pin PIN of your security key',
    `ccache FILE:${ccache}`,
    'ok alice@corp.example.com',
  ]);
  expect(statSync(ccache)).toMatchObject({ uid: 5001, gid: 5001 });
  expect(statSync(ccache).mode & 0o777).toBe(0o600);
  expect(statSync(ticketsDir).mode & 0o777).toBe(0o711);
  expect(decodeCcache(readFileSync(ccache)).principal.realm).toBe('CORP.EXAMPLE.COM');
  expect(events).toEqual([
    { event: 'signed-in', local: 'alice', user: 'alice@corp.example.com', mode: 'online' },
  ]);
  expect(await ask('status')).toEqual([
    'info alice@corp.example.com: signed in, ticket: yes',
    expect.stringMatching(/^info alice@corp\.example\.com: offline until 20/),
    expect.stringMatching(/^ok prompt, /),
  ]);
  expect(JSON.stringify([events, lines])).not.toContain(PIN);
});

test('offline as well, when asked to or when the tenant is away; then it is told', async () => {
  const before = readDevice(at.stateDir);
  await agent();
  expect((await ask('unlock alice', PIN)).at(-1)).toMatch(/^ok alice@corp\.example\.com offline, until 20/);
  const tenant = { ...before.tenant, tokenEndpoint: 'https://localhost:1/x' };
  writeDevice(at.stateDir, { ...before, tenant });
  try {
    expect((await ask('signin CORP\\alice', PIN)).at(-1)).toMatch(/^ok .* offline/);
    expect(await ask('signin carol', PIN)).toEqual([
      'pin PIN of your security key',
      expect.stringMatching(/^failed key-of-another-user /),
    ]);
  } finally {
    writeDevice(at.stateDir, { ...readDevice(at.stateDir), tenant: before.tenant });
  }
});

test('who is not ours is left alone, and nothing is asked', async () => {
  await agent();
  for (const [name, reason] of [
    ['nobody-here', 'not a local user'],
    ['daemon', "one of the system's own accounts"],
    ['broken', 'not a local user'],
  ]) {
    expect(await ask(`signin ${name}`)).toEqual([`ignore ${reason}`]);
  }
  await stop?.();
  await agent({ withDomain: false });
  PASSWD.x = 'x:x:6000:6000::/:/bin/sh';
  PASSWD['x@elsewhere.example'] = PASSWD.x;
  expect(await ask('signin x')).toEqual(['ignore not known here']);
  expect(await ask('signin x@elsewhere.example')).toEqual(['ignore not known here']);
  for (const name of ['alice', 'CORP\\alice', 'alice@corp.example.com']) {
    expect((await ask(`signin ${name}`, PIN)).at(-1), name).toBe('ok alice@corp.example.com');
  }
});

test('a wrong PIN, no key, no PIN at all, somebody else’s key', async () => {
  await agent();
  expect((await ask('signin alice', '9999')).at(-1)).toMatch(/^failed pin-invalid .*7/);
  expect((await ask('signin alice', PIN)).at(-1)).toMatch(/^ok /);
  expect((await ask('signin alice')).at(-1)).toMatch(/^failed cancelled /); // went away
  expect((await ask('signin carol', PIN)).at(-1)).toMatch(/^failed key-of-another-user /);
  expect(existsSync(join(ticketsDir, 'krb5cc_5002'))).toBe(false);
  await stop?.();
  const gone = () => Promise.reject(Object.assign(new Error('none'), { code: 'key-unreachable' }));
  await agent({ key: gone });
  expect(await ask('signin alice', PIN)).toEqual([expect.stringMatching(/^unavailable key-unreachable /)]);
});

test('one sign-in at a time', async () => {
  await agent();
  const first = connect(socketPath);
  await new Promise<void>((resolve) => {
    first.once('data', () => resolve());
    first.write('signin alice\n');
  });
  expect(await ask('signin alice', PIN)).toEqual([expect.stringMatching(/^unavailable agent-busy /)]);
  first.destroy();
  await expect.poll(async () => (await ask('signin alice', PIN)).at(-1)).toMatch(/^ok /);
});

test('who closes their side after asking is answered all the same', async () => {
  await agent();
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  connect({ path: socketPath, allowHalfOpen: true })
    .on('data', (chunk) => {
      text += chunk;
    })
    .on('close', () => resolve(text))
    .end('status\n');
  expect(await promise).toMatch(/^ok /m);
});

test('what is no request is refused, and the agent goes on', async () => {
  await agent();
  const malformed = [expect.stringMatching(/^malformed /)];
  for (const line of [
    '',
    'signin',
    'signin ',
    'signin -x',
    'signin a b',
    'signin a:b',
    'signin ../a',
    'SIGNIN alice',
  ]) {
    expect(await ask(line), line).toEqual(malformed);
  }
  for (const bytes of [
    Buffer.from(`signin ${'a'.repeat(257)}\n`),
    Buffer.from('x'.repeat(1001)),
    Buffer.from('signin al\u0007ice\n'),
    Buffer.from([0xff, 0xfe, 0x0a]),
  ]) {
    expect(await ask(bytes)).toEqual(malformed);
  }
  expect(await ask(Buffer.alloc(100_000, 'x')).catch(() => [])).toEqual([]); // cut off
  expect((await ask('status')).at(-1)).toMatch(/^ok /);
});

test('a socket that was left behind is replaced; another agent’s, a file, an open directory are not', async () => {
  await agent();
  await expect(runAgent(settings())).rejects.toThrow(failing('agent-running'));
  await stop?.();
  expect(existsSync(socketPath)).toBe(false);

  const left = createServer().listen(socketPath);
  await new Promise((resolve) => left.once('listening', resolve));
  const name = `${socketPath}.left`;
  linkSync(socketPath, name); // Node removes the socket that it made; the second name stays behind, as after a crash
  await new Promise<void>((resolve) => left.close(() => resolve()));
  renameSync(name, socketPath);
  await agent();
  await stop?.();
  writeFileSync(socketPath, 'precious');
  await expect(runAgent(settings())).rejects.toThrow(failing('agent-socket-unusable'));
  expect(readFileSync(socketPath, 'utf8')).toBe('precious');
  rmSync(socketPath);

  const open = join(world.home, 'open');
  mkdirSync(open);
  chmodSync(open, 0o755);
  await expect(runAgent(settings(join(open, 'agent.sock')))).rejects.toThrow(
    failing('agent-socket-unusable'),
  );
});

function settings(path = socketPath): Parameters<typeof runAgent>[0] {
  return {
    stateDir: at.stateDir,
    signal: AbortSignal.timeout(5_000),
    onEvent: () => undefined,
    signIns: { socketPath: path, domain: undefined, ticketsDir, openKey: connectKey },
  };
}

test('lines of an answer are plain and short, whatever they are made of', () => {
  const line = answerLine('failed', 'x', `a\u001b[2J\nok \u2028${'é'.repeat(2000)}`);
  expect(line).toMatch(/^failed x a \[2J ok {2}é+\n$/u);
  expect(Buffer.byteLength(line)).toBeLessThanOrEqual(1001);
  expect(parseAsk('unlock é@x')).toEqual({ verb: 'unlock', name: 'é@x' });
});
