/** Each way in which an existing client registers a device, and what is refused, by the broker of `broker/`. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { clientTransport, connectorClientOver, enrolClient } from '@kennel/tenant/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CORP } from '../../packages/tenant/test/world.ts';
import { BrokerTenant, LOGIN, type Person } from '../support/broker-tenant.ts';
import { BROKER, BROKER_REDIRECT, Broker } from './broker/broker.ts';
import { deviceOf, jwk, newKey, REGISTRATION, RegistrationService, selfSigned } from './broker/device.ts';
import { FLAVOURS } from './broker/flavour.ts';
import { SignInPage } from './broker/page.ts';

const authority = `https://${LOGIN}/common`;
const flavour = FLAVOURS.newest;

let tenant: BrokerTenant;
let service: RegistrationService;
let broker: Broker;
let who: Person;
beforeAll(async () => {
  tenant = await BrokerTenant.start();
  service = new RegistrationService(tenant.net);
  broker = new Broker(tenant.net, authority, flavour);
  who = await tenant.person();
}, 60_000);
afterAll(() => tenant.close());

async function token(): Promise<string> {
  const request = { client_id: BROKER, redirect_uri: BROKER_REDIRECT, resource: REGISTRATION };
  const code = await new SignInPage(tenant.net, authority).codeByKey(request, who.upn, who.key);
  return (await broker.tokensByCode(code, request)).access_token;
}

test.each([
  ['joined', 0, '1'],
  ['registered', 4, '0'],
  ['joined, shared', 8, '1'],
])('%s (%d): the certificate says so', async (_name, JoinType, certified) => {
  const keys = { key: newKey(), transportKey: newKey() };
  const device = deviceOf(await service.join(await token(), keys, flavour, { JoinType }), keys);
  // Extension .7, its text in the non-minimal form.
  const extension = Buffer.from(`0481 01${Buffer.from(certified).toString('hex')}`.replace(' ', ''), 'hex');
  expect(device.certificate.raw.includes(extension)).toBe(true);
  expectTickets(await broker.prtByKey(device, who.key));
});

test('a transport key as macOS and Android send it', async () => {
  const keys = { key: newKey(), transportKey: newKey() };
  const transport = jwk(keys.transportKey).toString('base64');
  const device = deviceOf(await service.join(await token(), { ...keys, transport }, flavour), keys);
  expectTickets(await broker.prtByKey(device, who.key));
});

test('a transport key with primes in it, and a request cut short, are refused', async () => {
  const keys = { key: newKey(), transportKey: newKey() };
  const blob = Buffer.alloc(24 + 3 + 256 + 128, 1);
  blob.write('RSA1', 'ascii');
  for (const [i, n] of [2048, 3, 256, 128, 0].entries()) blob.writeUInt32LE(n, 4 + 4 * i);
  const bearer = await token();
  const primes = await service.join(bearer, { ...keys, transport: blob.toString('base64') }, flavour);
  expect([primes.status, JSON.parse(primes.text).error_codes]).toEqual([400, [expect.any(Number)]]);
  const cut = { CertificateRequest: { Type: 'pkcs10', Data: 'MIICdjCCAV4CAQ==' } };
  expect(await service.join(bearer, keys, flavour, cut)).toMatchObject({ status: 400 });
});

test('a key of Windows Hello is refused, and the client is told what is taken', async () => {
  const { status, text } = await service.provisionKey(await token(), newKey());
  expect([status, JSON.parse(text).suberror]).toEqual([403, 'hello-key-refused']);
});

test('joined again, the device has a new certificate and the old one is dead', async () => {
  const keys = { key: newKey(), transportKey: newKey() };
  const old = deviceOf(await service.join(await token(), keys, flavour), keys);
  const again = { [flavour.attributes]: { ReuseDevice: 'true', DeviceId: old.id } };
  const fresh = deviceOf(await service.join(await token(), keys, flavour, again), keys);
  expect(fresh.id).toBe(old.id);
  expectTickets(await broker.prtByKey(fresh, who.key));
  await expect(broker.prtByKey(old, who.key)).rejects.toMatchObject({ status: 400 });
});

test('a computer of the domain, announced by the sync, registers itself: once', async () => {
  const computer = {
    id: randomUUID(),
    sid: `${CORP.domainSid}-7001`,
    key: newKey(),
    tenantId: (await tenant.world.admin.status()).tenantId,
  };
  const keys = { key: newKey(), transportKey: newKey() };
  const refusal = async (...given: Parameters<RegistrationService['joinHybrid']>) => {
    const { status, text } = await service.joinHybrid(...given);
    return [status, JSON.parse(text).suberror];
  };
  expect(await refusal(computer, keys)).toEqual([400, 'device-not-announced']);
  await announce(computer.id, computer.sid, selfSigned(computer.id, computer.key).raw);
  expect(await refusal(computer, keys, { signedBy: newKey() })).toEqual([400, 'device-not-announced']);
  const late = new Date(Date.now() - 600_000);
  expect(await refusal(computer, keys, { at: late })).toEqual([400, 'hybrid-identity-invalid']);

  const device = deviceOf(await service.joinHybrid(computer, keys), keys);
  expect(device.id).toBe(computer.id);
  expectTickets(await broker.prtByKey(device, who.key));
  const other = { key: newKey(), transportKey: newKey() };
  const later = new Date(Date.now() + 2000);
  expect(await refusal(computer, other, { at: later })).toEqual([409, 'device-registered']);
});

function expectTickets(prt: Awaited<ReturnType<Broker['prtByKey']>>): void {
  expect(broker.ticket(prt).documented.server).toBe('krbtgt/CORP.EXAMPLE.COM');
}

/** What the connector of the domain tells of one computer. */
async function announce(anchor: string, sid: string, certificate: Uint8Array): Promise<void> {
  const { dnsName, netbiosName, domainSid } = CORP;
  const clientsDir = mkdtempSync(join(tmpdir(), 'kennel-hybrid-'));
  const { token } = await tenant.world.admin.clients.invite({ scope: 'connector', domain: dnsName });
  const tenantUrl = `https://localhost:${new URL(tenant.world.url).port}`;
  const given = { clientsDir, tenantUrl, caFile: tenant.caFile, name: 'sync', token };
  const connector = connectorClientOver(clientTransport(clientsDir, await enrolClient(given)));
  const { runId } = await connector.begin({ dnsName, netbiosName, domainSid, mode: 'full' });
  const certificates = [Buffer.from(certificate).toString('base64')];
  const computer = { kind: 'computer', anchor, version: '1', name: 'DESKTOP-2', sid, enabled: true } as const;
  const objects = [{ ...computer, operatingSystem: 'Windows 10', certificates }];
  await connector.push(runId, { sequence: 1, objects });
  await connector.end(runId, { outcome: 'completed' });
  rmSync(clientsDir, { recursive: true });
}
