/** The metadata service of a running tenant, over a BLOB of a root made here. */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { blob, day, entry, type Issued, issue, pem, root } from '../../test/metadata.ts';
import { startWorld, type World } from '../../test/world.ts';

const AAGUID = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
const ICON = 'data:image/png;base64,iVBORw0KGgo=';

let authority: Issued;
let signer: Issued;
let world: World;

/** A tenant whose metadata is the file `blob.jwt`, of our root. */
async function startWithFile(): Promise<World> {
  const started = await startWorld({ metadata: { file: 'blob.jwt', root: 'root.pem' } }, (stateDir) =>
    writeFileSync(join(stateDir, 'root.pem'), pem(authority)),
  );
  return started;
}
const offer = (text: string) => writeFileSync(join(world.stateDir, 'blob.jwt'), text);
const refused = (code: string) => expect(world.admin.metadata.refresh()).rejects.toMatchObject({ code });

beforeAll(async () => {
  authority = await root();
  signer = await issue({ subject: 'CN=Signer', issuer: authority });
  world = await startWithFile();
});
afterAll(() => world.close());

test('without a file there is no metadata, and the tenant says why', async () => {
  expect(await world.admin.metadata.status()).toMatchObject({ source: 'blob.jwt', blob: null });
  expect((await world.admin.metadata.status()).lastError).toContain('blob.jwt: there is no such file.');
  await refused('metadata-unreachable');
});

test('a BLOB is accepted, and its models are known by AAGUID', async () => {
  const certified = [
    { status: 'FIDO_CERTIFIED', effectiveDate: '2020-01-01' },
    { status: 'FIDO_CERTIFIED_L2plus', effectiveDate: '2022-01-01' },
    { status: 'FIDO_CERTIFIED_L3', effectiveDate: day(10) },
  ];
  const entries = [
    entry({ aaguid: AAGUID, name: 'Blue Key 5', statuses: certified, transports: ['usb'], icon: ICON }),
    { attestationCertificateKeyIdentifiers: ['00'.repeat(20)], statusReports: [] },
  ];
  offer(await blob([signer], { no: 5, entries }));
  expect(await world.admin.metadata.refresh()).toMatchObject({
    blob: { number: 5, models: 1, stale: false },
    lastError: null,
  });
  expect(await world.admin.metadata.model(AAGUID.toUpperCase())).toEqual({
    aaGuid: AAGUID,
    name: 'Blue Key 5',
    certificationLevel: 'L2plus',
    revoked: false,
    transports: ['usb'],
    icon: ICON,
  });
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
    event: 'metadata.updated',
    subject: 'metadata:5',
  });
  const unknown = world.admin.metadata.model('11111111-1111-4111-8111-111111111111');
  await expect(unknown).rejects.toMatchObject({ code: 'key-model-unknown' });
});

test('its number never goes back, and the same one again is no news', async () => {
  offer(await blob([signer], { no: 4 }));
  await refused('metadata-older');
  offer(await blob([signer], { no: 5 }));
  expect((await world.admin.metadata.refresh()).blob).toMatchObject({ number: 5, models: 1 });
});

test('a BLOB that is over is not accepted, but the one in use serves on', async () => {
  offer(await blob([signer], { no: 6, nextUpdate: day(-2) }));
  await refused('metadata-stale');
  world.clock.offset = 40 * 86_400;
  expect((await world.admin.metadata.status()).blob).toMatchObject({ number: 5, stale: true });
  world.clock.offset = 0;
});

test('forged ones are refused, and the last good one is used on', async () => {
  const stranger = await root();
  const bySubordinate = await issue({ issuer: signer });
  const old = await issue({ issuer: authority, notAfter: new Date(Date.now() - 1000) });
  const good = await blob([signer], { no: 9 });
  const [header = '', payload = '', signature = ''] = good.split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none', x5c: [] })).toString('base64url');
  const other = Buffer.from(JSON.stringify({ no: 9, nextUpdate: day(9), entries: [] })).toString('base64url');
  for (const text of [
    'rubbish',
    `${header}.${other}.${signature}`,
    `${none}.${payload}.`,
    `${header}.${payload}.`,
    await blob([await issue({ issuer: stranger }), stranger], { no: 9 }), // brings its own root
    await blob([bySubordinate, signer], { no: 9 }), // under one that is no CA
    await blob([old], { no: 9 }),
    await blob([signer], { no: 9, entries: [entry({ aaguid: AAGUID }), entry({ aaguid: AAGUID })] }),
    await blob([signer], { no: -1 }),
  ]) {
    offer(text);
    await refused('metadata-invalid');
    expect((await world.admin.metadata.status()).blob?.number).toBe(5);
  }
  offer(good);
  expect((await world.admin.metadata.refresh()).blob?.number).toBe(9);
});

test('the last good one is there after a restart without the source', async () => {
  offer('rubbish');
  await world.restart();
  expect(await world.admin.metadata.status()).toMatchObject({ blob: { number: 9 } });
});

test('a tenant that trusts another root from now on begins anew: the old number holds nothing up', async () => {
  const other = await root();
  writeFileSync(join(world.stateDir, 'root.pem'), pem(other));
  const elsewhere = await blob([await issue({ issuer: other })], { no: 2 });
  offer('rubbish');
  await world.restart();
  expect((await world.admin.metadata.status()).blob).toBeNull();
  offer(elsewhere);
  expect((await world.admin.metadata.refresh()).blob?.number).toBe(2);
  offer(await blob([await issue({ issuer: other })], { no: 1 }));
  await refused('metadata-older');
  await world.restart();
  expect((await world.admin.metadata.status()).blob?.number).toBe(2);
  // and back
  writeFileSync(join(world.stateDir, 'root.pem'), pem(authority));
  offer(await blob([signer], { no: 1 }));
  await world.restart();
  expect((await world.admin.metadata.status()).blob?.number).toBe(1);
});

test('a newer BLOB is taken within the hour, and nobody asks for it', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const place = await startWithFile();
  try {
    const numberOf = async () => (await place.admin.metadata.status()).blob?.number;
    writeFileSync(join(place.stateDir, 'blob.jwt'), await blob([signer], { no: 1, entries: [] }));
    await vi.advanceTimersByTimeAsync(3_590_000);
    expect(await numberOf()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(20_000);
    await vi.waitFor(async () => expect(await numberOf()).toBe(1));
  } finally {
    vi.useRealTimers();
    await place.close();
  }
});

test('a URL is read, no further than the largest BLOB', async () => {
  let answer = await blob([signer], { no: 3 });
  let status = 200;
  const server = createServer((_request, response) => response.writeHead(status).end(answer)).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const online = await startWorld(
    { metadata: { url: `http://127.0.0.1:${port}/`, root: 'root.pem' } },
    (stateDir) => writeFileSync(join(stateDir, 'root.pem'), pem(authority)),
  );
  try {
    expect((await online.admin.metadata.refresh()).blob?.number).toBe(3);
    status = 503;
    await expect(online.admin.metadata.refresh()).rejects.toMatchObject({
      code: 'metadata-unreachable',
      message: expect.stringContaining('HTTP status 503'),
    });
    status = 200;
    answer = 'x'.repeat(24 * 1024 * 1024 + 1);
    await expect(online.admin.metadata.refresh()).rejects.toMatchObject({ code: 'metadata-unreachable' });
    server.close();
    server.closeAllConnections();
    await expect(online.admin.metadata.refresh()).rejects.toMatchObject({
      message: expect.stringContaining('nothing listens there'),
    });
    expect((await online.admin.metadata.status()).blob?.number).toBe(3);
  } finally {
    await online.close();
    server.close();
  }
});

test('a server whose certificate is of an authority that is not known here is named as that', async () => {
  const { der, privateKey } = await issue({ subject: 'CN=mirror', issuer: await root('CN=Our CA') });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const cert = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  const server = createSecureServer({ key, cert }, (_request, response) => response.end()).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const world = await startWorld({ metadata: { url: `https://127.0.0.1:${port}/` } });
  try {
    await expect(world.admin.metadata.refresh()).rejects.toMatchObject({
      code: 'metadata-unreachable',
      message: expect.stringContaining('of an authority that is not known here'),
    });
  } finally {
    await world.close();
    server.close();
  }
});

test('under the root of the FIDO Alliance a BLOB of another signer is refused', async () => {
  const { readBlob, fidoTrust } = await import('./blob.ts');
  const { X509Certificate } = await import('node:crypto');
  const trust = fidoTrust();
  expect(trust.roots.map(({ subject }) => subject).join()).toContain('GlobalSign');
  const roots = [new X509Certificate(authority.der)];
  const text = await blob([signer]);
  await expect(readBlob(text, { roots }, new Date())).resolves.toMatchObject({ number: 1 });
  await expect(
    readBlob(text, { roots, signerHost: 'mds.fidoalliance.org' }, new Date()),
  ).rejects.toMatchObject({
    code: 'metadata-invalid',
  });
  await expect(readBlob(text, trust, new Date())).rejects.toMatchObject({ code: 'metadata-invalid' });
});
