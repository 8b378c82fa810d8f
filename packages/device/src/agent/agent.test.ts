/** The agent against a real tenant and the embedded domain: it renews, fetches, waits, and gives up where it must. */
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { failing, startWorld, type World } from '../../test/world.ts';
import { signOut } from '../index.ts';
import { type AgentEvent, type AgentOptions, runAgent } from './agent.ts';

const HOURS = 3600_000;
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());
let stop: () => Promise<void> = async () => {};
afterEach(async () => {
  await stop();
  Object.assign(world.clock, { kdc: 0, tenant: 0 });
});

/** Starts an agent; `next` waits for its next event. */
function start(stateDir: string, now: () => Date = () => new Date()) {
  const events: AgentEvent[] = [];
  const waiting: ((event: AgentEvent) => void)[] = [];
  const ended = new AbortController();
  const options: AgentOptions = {
    stateDir,
    now,
    every: 20,
    signal: ended.signal,
    onEvent: (event) => {
      const taker = waiting.shift();
      if (taker === undefined) events.push(event);
      else taker(event);
    },
  };
  const running = runAgent(options);
  stop = async () => {
    ended.abort();
    await running.catch(() => undefined);
  };
  const next = (): Promise<AgentEvent> => {
    const event = events.shift();
    return event === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(event);
  };
  return { next, events, running };
}

const rounds = () => new Promise((resolve) => setTimeout(resolve, 200));

test('after four hours it renews token and ticket, and not before', async () => {
  const at = await world.join('renewing');
  await world.signIn(at);
  let offset = 3.9 * HOURS;
  Object.assign(world.clock, { kdc: offset, tenant: offset });
  const agent = start(at.stateDir, () => new Date(Date.now() + offset));
  await rounds();
  expect(agent.events).toEqual([]);
  offset = 4.1 * HOURS;
  Object.assign(world.clock, { kdc: offset, tenant: offset });
  expect(await agent.next()).toMatchObject({
    event: 'renewed',
    user: 'alice@corp.example.com',
    ticket: 'full',
  });
  await rounds();
  expect(agent.events).toEqual([]);
});

test('a ticket that is missing is fetched once a domain controller answers', async () => {
  const at = await world.join('fetching');
  const relay = await closedRelay();
  await world.signIn(at, { kdc: { host: '127.0.0.1', port: relay.port } });
  let offset = 0;
  const agent = start(at.stateDir, () => new Date(Date.now() + offset));
  expect(await agent.next()).toMatchObject({ event: 'waiting', code: 'dc-unreachable', retryInSeconds: 30 });
  await rounds();
  expect(agent.events).toEqual([]); // not before its time
  offset = 31_000;
  expect(await agent.next()).toMatchObject({ event: 'waiting', retryInSeconds: 60 });
  await relay.open();
  offset = 92_000;
  try {
    expect(await agent.next()).toMatchObject({ event: 'ticket-fetched', user: 'alice@corp.example.com' });
    await rounds();
    expect(agent.events).toEqual([]);
  } finally {
    await relay.close();
  }
});

/** A way to the domain controller that is not there yet. */
async function closedRelay() {
  const server = createServer((socket) => {
    const upstream = connect(world.domain.kdc);
    socket.pipe(upstream).pipe(socket);
    for (const end of [socket, upstream]) end.on('error', () => undefined);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo; // it listens on TCP
  await close();
  return { port, open: () => listen(port), close };
}

test('a tenant that is away is waited for; one that refuses is told once, until the next sign-in', async () => {
  const at = await world.join('refusing');
  await world.signIn(at);
  await world.admin.users.disable('alice');
  const offset = 5 * HOURS;
  Object.assign(world.clock, { kdc: offset, tenant: offset });
  const agent = start(at.stateDir, () => new Date(Date.now() + offset));
  expect(await agent.next()).toMatchObject({
    event: 'gave-up',
    code: 'user-disabled',
    next: expect.any(String),
  });
  await world.admin.users.enable('alice');
  await rounds();
  expect(agent.events).toEqual([]);
});

test('who signs out is not cared for; a machine that is not joined has no agent', async () => {
  const at = await world.join('leaving');
  await world.signIn(at);
  signOut({ stateDir: at.stateDir });
  const offset = 5 * HOURS;
  const agent = start(at.stateDir, () => new Date(Date.now() + offset));
  await rounds();
  expect(agent.events).toEqual([]);
  await stop();
  await expect(start(world.device('nowhere').stateDir).running).rejects.toEqual(failing('not-joined'));
});
