/** The device CA is renewed and brought; devices go on, unless the ones before are distrusted. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import { enrol, joinDevice, signIn, startWorld, type World } from '../../test/world.ts';
import { changeDeviceCa, listDeviceCas } from './ca.ts';

const dir = mkdtempSync(join(tmpdir(), 'kennel-ca-'));
let world: World;
let key: TestKey;
beforeAll(async () => {
  world = await startWorld();
  ({ key } = await enrol(world));
});
afterAll(async () => {
  await world.close();
  rmSync(dir, { recursive: true });
});

/** A CA by OpenSSL, as an administrator would make one. */
function openssl(name: string, ...more: string[]): { certificate: string; privateKey: string } {
  const [certificate, privateKey] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
  const made = ['req', '-x509', '-nodes', '-keyout', privateKey, '-out', certificate, '-subj', `/CN=${name}`];
  execFileSync('openssl', [...made, ...more], { stdio: 'ignore' });
  return { certificate: readFileSync(certificate, 'utf8'), privateKey: readFileSync(privateKey, 'utf8') };
}
const RSA = ['-newkey', 'rsa:2048', '-days', '365'];
const change = (given: Omit<Parameters<typeof changeDeviceCa>[0], 'stateDir'>) =>
  world.whileStopped(() => changeDeviceCa({ stateDir: world.stateDir, ...given }));

test('a running tenant shows its CA and keeps it', async () => {
  await expect(listDeviceCas({ stateDir: world.stateDir })).rejects.toMatchObject({
    code: 'tenant-already-running',
  });
  const running = await world.admin.devices.cas();
  expect(running).toMatchObject([{ current: true }]);
  expect(await world.whileStopped(() => listDeviceCas({ stateDir: world.stateDir }))).toEqual(running);
});

test('devices of the CAs before sign in beside those of the new one, and are refused once it is distrusted', async () => {
  const first = await joinDevice(world, key);
  const [made] = await change({ distrust: false });
  const second = await joinDevice(world, key);
  const brought = openssl('Example Ltd Devices', ...RSA);
  const cas = await change({ distrust: false, brought });
  expect(cas.map(({ current }) => current)).toEqual([true, false, false]);
  expect(cas[0]).toMatchObject({ subject: 'CN=Example Ltd Devices' });
  expect(cas[2]?.fingerprint).toBe(made?.fingerprint);
  const third = await joinDevice(world, key);
  const [ca, issued] = [new X509Certificate(brought.certificate), new X509Certificate(third.certificate)];
  expect(issued.checkIssued(ca) && issued.verify(ca.publicKey)).toBe(true);
  expect(issued.validToDate).toEqual(ca.validToDate); // no longer than its CA
  for (const device of [first, second, third]) expect((await signIn(world, device, key)).status).toBe(200);

  await change({ distrust: true });
  for (const device of [first, second, third]) {
    expect((await signIn(world, device, key)).json.suberror).toBe('device-certificate-foreign');
  }
  expect((await signIn(world, await joinDevice(world, key), key)).status).toBe(200);
  const lines = (await world.admin.audit.list({ limit: 1000 })).filter(
    ({ event }) => event === 'device-ca.changed',
  );
  expect(lines.map(({ subject }) => subject.replace(/:[0-9A-F:]+ /, ' '))).toEqual([
    'device-ca made, those before distrusted',
    'device-ca brought',
    'device-ca made',
  ]);
  expect(await world.admin.audit.verify()).toMatchObject({ ok: true });
});

test.each([
  ['a leaf', () => openssl('leaf', ...RSA, '-addext', 'basicConstraints=critical,CA:FALSE')],
  ['a CA that may not sign', () => openssl('mute', ...RSA, '-addext', 'keyUsage=critical,digitalSignature')],
  ['an EC key', () => openssl('ec', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '365')],
  ['a short life', () => openssl('short', '-newkey', 'rsa:2048', '-days', '20')],
  [
    'the key of another',
    () => ({ ...openssl('one', ...RSA), privateKey: openssl('two', ...RSA).privateKey }),
  ],
  ['no certificate', () => ({ certificate: 'nothing', privateKey: 'nothing' })],
])('%s cannot be the device CA', async (_, brought) => {
  await expect(change({ distrust: false, brought: brought() })).rejects.toMatchObject({
    code: 'device-ca-invalid',
  });
});
