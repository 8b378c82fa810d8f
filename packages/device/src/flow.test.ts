/** The whole way against a real tenant, a software key on its socket and the embedded domain. */
import { createPrivateKey } from 'node:crypto';
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeCcache, requestTicket, tcpTransport } from '@kennel/kerberos';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contents, failing, NO_KDC, PIN, startWorld, type World } from '../test/world.ts';
import {
  fetchTickets,
  joinDevice,
  leaveDevice,
  listTickets,
  readStatus,
  type Step,
  signOut,
} from './index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test('a device joins, and says so', async () => {
  const at = world.device('joined');
  expect(readStatus(at.stateDir)).toEqual({ joined: false });
  const steps: Step[] = [];
  const status = await joinDevice({
    stateDir: at.stateDir,
    tenantUrl: `${world.url}/anything`,
    caFile: world.caFile,
    key: world.key,
    pin: PIN,
    displayName: 'laptop',
    onStep: (step) => steps.push(step),
  });
  expect(steps.map(({ name }) => name)).toEqual([
    'discovery',
    'nonce',
    'assertion',
    'registration-token',
    'device-keys',
    'registration',
  ]);
  if (!status.joined) throw new Error('not joined');
  const known = await world.admin.devices.show(status.device.id);
  expect(known).toMatchObject({
    displayName: 'laptop',
    enabled: true,
    certificateThumbprint: status.device.certificate.thumbprint,
  });
  expect(status).toMatchObject({ users: [], tenant: { url: world.url }, device: { joinType: 0 } });
  expect(readStatus(at.stateDir)).toEqual(status);
});

test('a personal device is registered, not joined, and signs its user in', async () => {
  const at = world.device('registered');
  const by = { tenantUrl: world.url, caFile: world.caFile, key: world.key, pin: PIN };
  const status = await joinDevice({ ...by, stateDir: at.stateDir, joinType: 'register' });
  if (!status.joined) throw new Error('not registered');
  expect(status.device.joinType).toBe(4);
  expect(await world.admin.devices.show(status.device.id)).toMatchObject({ joinType: 4 });
  expect((await world.signIn(at)).ticket.state).toBe('full');
});

test('a sign-in gives a PRT, and a full TGT that opens a service', async () => {
  const at = await world.join('full');
  const steps: string[] = [];
  const result = await world.signIn(at, { onStep: ({ name }) => steps.push(name) });
  expect(steps).toEqual(['nonce', 'assertion', 'prt', 'partial-tgt', 'full-tgt', 'ccache']);
  expect(result).toMatchObject({
    user: { upn: 'alice@corp.example.com', name: 'alice', objectId: world.alice.id },
    ticket: {
      state: 'full',
      realm: 'CORP.EXAMPLE.COM',
      principal: 'alice@CORP.EXAMPLE.COM',
      kdcTimeOffset: 0,
    },
  });
  const days = (result.prtExpiresOn.getTime() - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(13.9);
  expect(days).toBeLessThan(14.1);

  const cache = decodeCcache(readFileSync(at.ccache));
  const [tgt] = cache.credentials;
  if (tgt === undefined) throw new Error('the cache is empty');
  expect(tgt.ticket.encPart.kvno).toBe(1); // the domain's own krbtgt: no number of a read-only one
  const { credentials } = await requestTicket({
    tgt,
    sname: world.domain.intranet.name,
    realm: 'CORP.EXAMPLE.COM',
    transport: tcpTransport(world.domain.kdc),
  });
  expect(credentials.server.name.nameString).toEqual(['HTTP', 'localhost']);

  const status = readStatus(at.stateDir);
  expect(status).toMatchObject({
    users: [
      { upn: 'alice@corp.example.com', prt: { valid: true }, ticket: result.ticket, partialTgt: undefined },
    ],
    lastAttempt: { status: 'succeeded', user: 'alice@corp.example.com' },
  });
  expect(listTickets({ stateDir: at.stateDir })).toMatchObject({
    user: 'alice@corp.example.com',
    ccache: at.ccache,
    tickets: [{ server: 'krbtgt/CORP.EXAMPLE.COM@CORP.EXAMPLE.COM', etype: 18, expired: false }],
  });
});

test('files are for their owner alone, and hold no secret in clear', async () => {
  const at = await world.join('private');
  await world.signIn(at, { kdc: NO_KDC });
  await world.signIn(at);
  await world.signIn(at, { kdc: NO_KDC }); // with a partial TGT that waits
  expect(statSync(at.stateDir).mode & 0o777).toBe(0o700);
  for (const [path, text] of contents(at.stateDir)) {
    expect(statSync(path).mode & 0o777, path).toBe(0o600);
    expect(path.endsWith('.tmp'), path).toBe(false);
    // The secrets of the ticket: in no form here. (The cache itself, which must hold the key, is elsewhere.)
    const key = decodeCcache(readFileSync(at.ccache)).credentials[0]?.key.value ?? new Uint8Array();
    for (const encoding of ['latin1', 'hex', 'base64', 'base64url'] as const) {
      expect(text).not.toContain(Buffer.from(key).toString(encoding));
    }
    for (const [word] of text.matchAll(/[A-Za-z0-9_+/-]{64,}={0,2}/g)) {
      expect(() =>
        createPrivateKey({ key: Buffer.from(word, 'base64'), format: 'der', type: 'pkcs8' }),
      ).toThrow();
    }
  }
  expect(statSync(at.ccache).mode & 0o777).toBe(0o600);
});

test('while the domain controller is down the PRT is there, and the ticket comes later', async () => {
  const at = await world.join('later');
  const result = await world.signIn(at, { kdc: NO_KDC });
  expect(result.ticket).toMatchObject({
    state: 'none',
    code: 'dc-unreachable',
    message: expect.stringContaining(':1)'),
  });
  expect(existsSync(at.ccache)).toBe(false);
  expect(readStatus(at.stateDir)).toMatchObject({
    users: [
      { prt: { valid: true }, ticket: { code: 'dc-unreachable' }, partialTgt: { realm: 'CORP.EXAMPLE.COM' } },
    ],
    lastAttempt: { status: 'no-ticket', code: 'dc-unreachable' },
  });
  expect(await fetchTickets({ stateDir: at.stateDir })).toMatchObject({
    state: 'none',
    code: 'dc-unreachable',
  });

  const fetched = await fetchTickets({ stateDir: at.stateDir, kdc: world.domain.kdc });
  expect(fetched).toMatchObject({ state: 'full', ccache: at.ccache });
  const written = readFileSync(at.ccache);
  expect(await fetchTickets({ stateDir: at.stateDir }), 'again: nothing to do').toEqual(fetched);
  expect(readFileSync(at.ccache).equals(written)).toBe(true);
  expect(readStatus(at.stateDir)).toMatchObject({
    users: [{ ticket: { state: 'full' }, partialTgt: undefined }],
  });
});

test('a partial TGT that was not exchanged in time is not tried', async () => {
  const at = await world.join('too-late');
  await world.signIn(at, { kdc: NO_KDC });
  const at10h = new Date(Date.now() + 10 * 3600_000 - 60_000);
  const late = await fetchTickets({ stateDir: at.stateDir, kdc: world.domain.kdc, now: () => at10h });
  expect(late).toMatchObject({ state: 'none', code: 'partial-tgt-expired' });
});

test('a ticket that is over, or was destroyed, is no good ticket', async () => {
  const at = await world.join('over');
  await world.signIn(at);
  const in10h = () => new Date(Date.now() + 10 * 3600_000);
  expect(await fetchTickets({ ...at, now: in10h })).toMatchObject({ state: 'none', code: 'no-partial-tgt' });
  expect(readStatus(at.stateDir, in10h)).toMatchObject({ users: [{ ticket: { state: 'none' } }] });
  expect(listTickets({ ...at, now: in10h }).tickets).toMatchObject([{ expired: true }]);
  rmSync(at.ccache);
  expect(await fetchTickets({ stateDir: at.stateDir })).toMatchObject({
    state: 'none',
    code: 'no-partial-tgt',
  });
  expect(readStatus(at.stateDir)).toMatchObject({ users: [{ ticket: { state: 'none' } }] });
});

test('a good ticket of before stays when the next sign-in finds no domain controller', async () => {
  const at = await world.join('stays');
  await world.signIn(at);
  const written = readFileSync(at.ccache);
  expect((await world.signIn(at, { kdc: NO_KDC })).ticket).toMatchObject({ code: 'dc-unreachable' });
  expect(readFileSync(at.ccache).equals(written)).toBe(true);
  expect(readStatus(at.stateDir)).toMatchObject({ users: [{ ticket: { state: 'full' } }] });
});

test('joining again kills the old certificate and signs out what hung on it', async () => {
  const at = await world.join('again');
  await world.signIn(at);
  const old = contents(at.stateDir);
  const first = readStatus(at.stateDir);
  await world.join('again');
  const second = readStatus(at.stateDir);
  if (!first.joined || !second.joined) throw new Error('not joined');
  expect(second.device.id).toBe(first.device.id);
  expect(second.device.certificate.thumbprint).not.toBe(first.device.certificate.thumbprint);
  expect(second.users).toEqual([]);
  expect((await world.signIn(at)).ticket.state).toBe('full');

  const copy = world.device('copy');
  cpSync(at.stateDir, copy.stateDir, { recursive: true });
  for (const [path, text] of old) writeFileSync(path.replace(at.stateDir, copy.stateDir), text, 'latin1');
  await expect(world.signIn(copy)).rejects.toThrow(failing('certificate-superseded'));
  expect(readStatus(copy.stateDir)).toMatchObject({
    lastAttempt: {
      status: 'failed',
      code: 'certificate-superseded',
      httpStatus: 400,
      serverErrorCode: 'device-certificate-superseded',
      traceId: expect.stringMatching(/./),
    },
  });
});

test('a wrong PIN is told with the tries that are left, and touches nothing', async () => {
  const at = await world.join('wrong-pin');
  await world.signIn(at);
  const before = contents(at.stateDir);
  await expect(world.signIn(at, { pin: '0000' })).rejects.toMatchObject({
    code: 'pin-invalid',
    message: expect.stringMatching(/7 tries/),
    next: expect.stringMatching(/\S/),
  });
  const joining = { stateDir: at.stateDir, tenantUrl: world.url, caFile: world.caFile, key: world.key };
  await expect(joinDevice({ ...joining, pin: '0000' })).rejects.toThrow(failing('pin-invalid'));
  expect(contents(at.stateDir)).toEqual(before);
  await world.signIn(at);
});

test('two users share a device, each with a record', async () => {
  const carol = await world.enrol('carol');
  const at = await world.join('shared');
  await world.signIn(at);
  await world.signIn({ ...at, ccache: `${at.ccache}.carol` }, { key: carol.key });
  const status = readStatus(at.stateDir);
  expect(status.joined && status.users.map(({ upn }) => upn).sort()).toEqual([
    'alice@corp.example.com',
    'carol@corp.example.com',
  ]);
  expect(listTickets({ stateDir: at.stateDir, user: 'alice@corp.example.com' }).ccache).toBe(at.ccache);
  expect(() => listTickets({ stateDir: at.stateDir, user: 'dave@corp.example.com' })).toThrow(
    failing('not-signed-in'),
  );
});

test('signing out removes tokens and tickets; leaving removes the keys too', async () => {
  const at = await world.join('leaving');
  await world.signIn(at);
  expect(signOut({ stateDir: at.stateDir })).toEqual({
    users: ['alice@corp.example.com'],
    ccaches: [at.ccache],
    offline: ['alice@corp.example.com'],
  });
  expect(existsSync(at.ccache)).toBe(false);
  expect(readStatus(at.stateDir)).toMatchObject({ joined: true, users: [] });
  await world.signIn(at);
  const left = await leaveDevice({ stateDir: at.stateDir });
  expect(left).toMatchObject({ deleted: true, tenantUrl: world.url });
  await expect(world.admin.devices.show(left.deviceId)).rejects.toMatchObject({ code: 'device-not-found' });
  expect(contents(at.stateDir).size).toBe(0);
  expect(existsSync(at.ccache)).toBe(false);
  expect(readStatus(at.stateDir)).toEqual({ joined: false });
  await expect(world.signIn(at)).rejects.toThrow(failing('not-joined'));
  await expect(leaveDevice({ stateDir: at.stateDir })).rejects.toThrow(failing('not-joined'));
});

test('a tenant that refuses, or is away, keeps nobody; what is left to do there is said', async () => {
  const [disabled, away] = [await world.join('disabled'), await world.join('away')];
  const status = readStatus(disabled.stateDir);
  if (!status.joined) throw new Error('not joined');
  await world.admin.devices.disable(status.device.id);
  const left = await leaveDevice({ stateDir: disabled.stateDir });
  expect(left).toMatchObject({ deleted: false, next: expect.stringContaining(left.deviceId) });
  expect(await world.admin.devices.show(left.deviceId)).toMatchObject({ enabled: false });
  const file = join(away.stateDir, 'device.json');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/("registrationEndpoint": ?)"[^"]*"/, '$1"https://localhost:1/"'),
  );
  const gone = await leaveDevice({ stateDir: away.stateDir });
  expect(gone).toMatchObject({ deleted: false, next: expect.stringContaining('kennel device delete') });
  expect(contents(away.stateDir).size).toBe(0);
});

test('signing out leaves a cache alone that someone else uses by now', async () => {
  const dora = await world.enrol('dora');
  const [mine, hers] = [await world.join('mine'), await world.join('hers')];
  await world.signIn(mine);
  await world.signIn({ ...hers, ccache: mine.ccache }, { key: dora.key });
  expect(signOut({ stateDir: mine.stateDir }).ccaches).toEqual([]);
  expect(existsSync(mine.ccache)).toBe(true);
});
