/**
 * Hostile input and a thief of the database: recorded requests with seeded mutations get 4xx and nothing else;
 * after a full run, no secret of it is in the store's files or in the log.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { decryptWithSessionKey, unwrapSessionKey } from '@kennel/prt';
import { loadMasterKey, open } from '@kennel/secrets';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestKey } from '../test/authenticator.ts';
import {
  CORP,
  enrol,
  joinBody,
  joinDevice,
  KRBTGT_KEY,
  postJoin,
  prtForm,
  registrationToken,
  signIn,
  startWorld,
  type TestDevice,
  type World,
} from '../test/world.ts';
import { openStore } from './store/open.ts';

let world: World;
let key: TestKey;
let device: TestDevice;
beforeAll(async () => {
  world = await startWorld();
  await world.admin.kerberosDomains.publish(CORP);
  ({ key } = await enrol(world));
  device = await joinDevice(world, key);
});
afterAll(() => world.close());

/** A small seeded generator (mulberry32): the same mutations at every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Changes, cuts, repeats or fills in some bytes. */
function mutate(input: Buffer, next: () => number): Buffer {
  const bytes = Buffer.from(input);
  const at = Math.floor(next() * bytes.length);
  const end = Math.min(bytes.length, at + 1 + Math.floor(next() * 40));
  switch (Math.floor(next() * 5)) {
    case 0:
      bytes[at] = Math.floor(next() * 256);
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    default:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(end - at, Math.floor(next() * 256)),
        bytes.subarray(end),
      ]);
  }
}

/** The same, inside the segments of the JWS: what base64 and JSON decoding would otherwise keep out. */
function mutateInside(request: string, next: () => number): string {
  const segments = request.split('.').map((segment) => Buffer.from(segment, 'base64url'));
  const at = Math.floor(next() * 2);
  return segments.map((bytes, i) => (i === at ? mutate(bytes, next) : bytes).toString('base64url')).join('.');
}

test('mutations of a recorded PRT request are refused with 4xx, and the tenant goes on', async () => {
  const form = await prtForm(world, device, key);
  const recorded = Buffer.from(new URLSearchParams(form).toString());
  const next = random(20_260_102);
  const statuses = new Map<number, number>();
  for (let i = 0; i < 400; i++) {
    const body =
      i % 2 === 0
        ? mutate(recorded, next)
        : Buffer.from(new URLSearchParams({ ...form, request: mutateInside(form.request, next) }).toString());
    const { status, json, text } = await world.send('POST', '/common/oauth2/token', body);
    // a mutation of what nobody reads (client_info) leaves a good request, once: its nonce is spent then
    if (status === 200) expect(json.token_type).toBe('pop');
    else
      expect([status, text]).toEqual([
        expect.toSatisfy((s: number) => s >= 400 && s < 500),
        expect.stringContaining('suberror'),
      ]);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect(statuses.get(200) ?? 0).toBeLessThanOrEqual(1);
  expect((await signIn(world, device, key)).status).toBe(200);
}, 60_000);

test('mutations of a recorded join and a recorded registration form are refused with 4xx or taken whole', async () => {
  const token = (await registrationToken(world, key)).json.access_token;
  const recorded = Buffer.from(JSON.stringify(await joinBody()));
  const next = random(7);
  for (let i = 0; i < 150; i++) {
    const { status } = await world.send('POST', '/EnrollmentServer/device/', mutate(recorded, next), {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
    });
    expect(status === 200 || (status >= 400 && status < 500)).toBe(true);
  }
  expect(
    (
      await postJoin(world, token, {
        ...JSON.parse(recorded.toString()),
        CertificateRequest: { Type: 'pkcs10', Data: 5 },
      })
    ).status,
  ).toBe(400);
}, 60_000);

test.each<[string, string]>([
  ['no HTTP', 'hello\r\n\r\n'],
  ['headers without end', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`],
  [
    'two lengths',
    'POST /common/oauth2/token HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!',
  ],
  [
    'a length and chunks',
    'POST /common/oauth2/token HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
])('%s is refused on the wire', async (_name, text) => {
  const answer = await new Promise<string>((resolve, reject) => {
    let received = '';
    const socket = connect(
      { host: '127.0.0.1', port: Number(new URL(world.url).port), rejectUnauthorized: false },
      () => socket.write(text),
    );
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
});

test('neither the store nor the log holds a secret of the run', async () => {
  const { json } = await signIn(world, device, key);
  const sessionKey = unwrapSessionKey(device.transportKey, json.session_key_jwe);
  const clientKey = decryptWithSessionKey(sessionKey, json.tgt_client_key);
  const token = (await registrationToken(world, key)).json.access_token;
  const master = loadMasterKey(join(world.stateDir, 'master.key'));
  const secrets = new Map<string, Uint8Array>([
    ['session key', sessionKey],
    ['client key', clientKey],
    ['krbtgt key', KRBTGT_KEY],
    ['master key', master.key.export()],
    ['PRT', Buffer.from(json.refresh_token, 'base64url')],
    ['registration token', Buffer.from(token.split('.')[2], 'base64url')],
  ]);
  const store = openStore({ sqlite: join(world.stateDir, 'tenant.db') });
  for (const row of await store.selectFrom('tenant_keys').selectAll().execute()) {
    const label = { purpose: 'tenant-key', row: row.purpose };
    const opened = open(master, label, Buffer.from(row.private_sealed, 'base64url'));
    // long enough to be unique, and past the DER that all RSA keys share: the private exponent
    secrets.set(row.purpose, opened.length > 1000 ? opened.subarray(400, 440) : opened);
  }
  await store.destroy();
  expect(secrets.size).toBe(9);
  const files = readdirSync(world.stateDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'master.key')
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.some((file) => file.endsWith('tenant.db-wal'))).toBe(true);
  const dump = Buffer.concat([
    ...files.map((file) => readFileSync(file)),
    Buffer.from(world.logged.join('')),
  ]);
  expect(dump.includes('user:')).toBe(true); // it is a dump of something
  for (const [name, secret] of secrets) {
    for (const spelling of spellings(secret)) expect([name, dump.includes(spelling)]).toEqual([name, false]);
  }
});

/** Raw, hex, and base64 at each of its three alignments, in both alphabets. */
function spellings(secret: Uint8Array): Buffer[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const inner = text.slice(4, -4);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [
    bytes,
    Buffer.from(hex),
    Buffer.from(hex.toUpperCase()),
    ...base64.map((text) => Buffer.from(text)),
  ];
}
