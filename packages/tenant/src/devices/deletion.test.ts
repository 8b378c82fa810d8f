/** A device deletes itself by its certificate in the TLS handshake, and nothing else does. */
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { encodeBase64, signJws } from '@kennel/prt';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import { enrol, joinDevice, signIn, startWorld, type TestDevice, type World } from '../../test/world.ts';
import { createDeviceCa, issueDeviceCertificate } from './certificate.ts';

let world: World;
let key: TestKey;
let device: TestDevice;
let registration: string;
beforeAll(async () => {
  world = await startWorld();
  ({ key } = await enrol(world));
  const found = (await world.send('GET', '/common/Discover')).json;
  registration = new URL(found.DeviceRegistrationService.RegistrationEndpoint).origin;
});
beforeEach(async () => {
  device = await joinDevice(world, key);
});
afterAll(() => world.close());

const pem = (der: Uint8Array) => new X509Certificate(der).toString();

async function remove(
  id: string,
  by?: { certificate: Uint8Array; privateKey: KeyObject },
  origin = registration,
  headers: Record<string, string> = {},
): Promise<[number | undefined, string | undefined]> {
  const client = by && {
    cert: pem(by.certificate),
    key: by.privateKey.export({ format: 'pem', type: 'pkcs8' }),
  };
  const agent = new Agent({ ca: readFileSync(world.caFile), ...client });
  const { promise, resolve, reject } = Promise.withResolvers<[number | undefined, string | undefined]>();
  const sent = request(
    `${origin}/EnrollmentServer/device/${id}?api-version=2.0`,
    { agent, method: 'DELETE', headers },
    async (answer) => {
      const text = Buffer.concat(await answer.toArray()).toString();
      resolve([answer.statusCode, JSON.parse(text).suberror]);
    },
  );
  sent.on('error', reject).end();
  return promise.finally(() => agent.destroy());
}

test('its certificate in the handshake deletes a device, with its tokens', async () => {
  expect((await signIn(world, device, key)).status).toBe(200);
  expect(await remove(device.id.toUpperCase(), device)).toEqual([200, undefined]);
  await expect(world.admin.devices.show(device.id)).rejects.toMatchObject({ code: 'device-not-found' });
  const [line] = await world.admin.audit.list({ limit: 1 });
  expect(line).toMatchObject({
    event: 'device.deleted',
    actor: `device:${device.id}`,
    subject: `device:${device.id}`,
  });
  expect(await remove(device.id, device)).toEqual([400, 'device-unknown']);
});

test('no certificate, another device, a certificate of another CA, the one from before a re-join', async () => {
  const other = await joinDevice(world, key);
  expect(await remove(device.id)).toEqual([400, 'device-certificate-foreign']);
  expect(await remove(device.id, other)).toEqual([400, 'device-certificate-foreign']);
  const { tenantId } = await world.admin.status();
  const ca = await createDeviceCa(tenantId, new Date());
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const certificate = await issueDeviceCertificate({
    ca: { certificate: new X509Certificate(ca.certificate), privateKey: ca.privateKey },
    publicKey: keys.publicKey,
    deviceId: device.id,
    userId: device.id,
    tenantId,
    joinType: 0,
    now: new Date(),
  });
  expect(await remove(device.id, { certificate, privateKey: keys.privateKey })).toEqual([
    400,
    'device-certificate-foreign',
  ]);
  const again = await joinDevice(world, key, { attributes: { ReuseDevice: 'true', DeviceId: device.id } });
  expect(await remove(device.id, device)).toEqual([400, 'device-certificate-superseded']);
  expect(again.id).toBe(device.id);
  expect(await world.admin.devices.show(device.id)).toMatchObject({ enabled: true });
});

test('a disabled device stays, so that it cannot come back as a new one', async () => {
  await world.admin.devices.disable(device.id);
  expect(await remove(device.id, device)).toEqual([400, 'device-disabled']);
  expect(await world.admin.devices.show(device.id)).toMatchObject({ enabled: false });
});

/** What a device without a key for TLS sends. */
async function credential(
  by: { certificate: Uint8Array; privateKey: KeyObject },
  payload: object = {},
): Promise<Record<string, string>> {
  const header = { x5c: [encodeBase64(by.certificate)] };
  const said = { request_nonce: await world.nonce(), purpose: 'delete', ...payload };
  return { 'x-ms-devicecredential': signJws(by.privateKey, header, said) };
}
const removeBy = (headers: Record<string, string>, id = device.id) =>
  remove(id, undefined, registration, headers);

test('a credential of its key deletes it as well, once and for this purpose alone', async () => {
  const other = await joinDevice(world, key);
  expect(await removeBy(await credential(other))).toEqual([400, 'device-certificate-foreign']);
  const forged = await credential({ ...device, privateKey: other.privateKey });
  expect(await removeBy(forged)).toEqual([400, 'device-signature-invalid']);
  // As it proves itself to a browser: worth nothing here.
  expect(await removeBy(await credential(device, { purpose: undefined }))).toEqual([
    400,
    'device-signature-invalid',
  ]);
  expect(await removeBy(await credential(device, { request_nonce: 'x'.repeat(74) }))).toEqual([
    400,
    'nonce-unknown',
  ]);
  const used = await credential(other);
  expect(await removeBy(used)).toEqual([400, 'device-certificate-foreign']);
  expect(await removeBy(used, other.id)).toEqual([400, 'nonce-replayed']);
  expect(await removeBy(await credential(device))).toEqual([200, undefined]);
  await expect(world.admin.devices.show(device.id)).rejects.toMatchObject({ code: 'device-not-found' });
});

test('the listener that browsers reach deletes nothing', async () => {
  expect(await remove(device.id, device, world.url)).toEqual([404, 'not-found']);
});
