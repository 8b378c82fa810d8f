/** Hybrid join: a computer that the sync has announced registers itself, once; everything else is refused. */
import 'reflect-metadata';
import { createHash, randomUUID, sign, webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBase64, encodeTransportKey } from '@kennel/prt';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { TestKey } from '../../test/authenticator.ts';
import {
  CORP,
  certificateRequest,
  enrol,
  rsaKeys,
  signIn,
  startWorld,
  type World,
} from '../../test/world.ts';
import { clientTransport, connectorClientOver, enrolClient } from '../clients/enrolled.ts';
import type { ConnectorClient } from '../sync/client.ts';
import type { SyncComputer, SyncObject } from '../sync/schema.ts';

const DOMAIN = { dnsName: 'corp.example.com', netbiosName: 'CORP', domainSid: CORP.domainSid };

let world: World;
let clientsDir: string;
let connector: ConnectorClient;
let tenantId: string;
beforeAll(async () => {
  world = await startWorld();
  ({ tenantId } = await world.admin.status());
  await world.admin.kerberosDomains.publish(CORP);
  clientsDir = mkdtempSync(join(tmpdir(), 'kennel-hybrid-'));
  const { token } = await world.admin.clients.invite({ scope: 'connector', domain: DOMAIN.dnsName });
  const given = { clientsDir, tenantUrl: world.url, caFile: world.caFile, name: 'sync', token };
  connector = connectorClientOver(clientTransport(clientsDir, await enrolClient(given)));
});
afterAll(async () => {
  await world.close();
  rmSync(clientsDir, { recursive: true });
});

async function sync(...objects: SyncObject[]): Promise<void> {
  const { runId } = await connector.begin({ ...DOMAIN, mode: 'full', allowDeletions: true });
  await connector.push(runId, { sequence: 1, objects });
  await connector.end(runId, { outcome: 'completed' });
}

interface Machine extends SyncComputer {
  keys: ReturnType<typeof rsaKeys>;
}

let rid = 7000;
let machine: Machine;
beforeEach(async () => {
  world.clock.offset = 0;
  machine = await newMachine();
  const { keys: _, ...announced } = machine;
  await sync(announced);
});

/** The certificate that a machine writes to its own computer object: self-signed, named by its objectGUID. */
async function selfSigned(anchor: string, keys: ReturnType<typeof rsaKeys>): Promise<string> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const [spki, pkcs8] = [
    Uint8Array.from(keys.publicKey.export({ format: 'der', type: 'spki' })),
    Uint8Array.from(keys.privateKey.export({ format: 'der', type: 'pkcs8' })),
  ];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: new x509.Name([{ CN: [anchor] }]),
    keys: {
      publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
      privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']),
    },
    signingAlgorithm: algorithm,
  });
  return Buffer.from(certificate.rawData).toString('base64');
}

async function newMachine(): Promise<Machine> {
  const anchor = randomUUID();
  const keys = rsaKeys();
  return {
    kind: 'computer',
    anchor,
    version: '1',
    name: `WS${++rid}`,
    sid: `${CORP.domainSid}-${rid}`,
    enabled: true,
    operatingSystem: 'Debian 12',
    certificates: [await selfSigned(anchor, keys)],
    keys,
  };
}

interface Faults {
  id?: string;
  sid?: string;
  time?: Date;
  signWith?: Machine;
  blob?: string;
  tenant?: string;
  keys?: ReturnType<typeof rsaKeys>;
  transport?: ReturnType<typeof rsaKeys>;
}

async function bodyOf(faults: Faults = {}) {
  const at = (faults.time ?? new Date(Date.now() + world.clock.offset * 1000)).toISOString();
  const text = `${faults.sid ?? machine.sid}.${at.slice(0, 10)} ${at.slice(11, 19)}Z`;
  const signature = sign('sha256', Buffer.from(text), (faults.signWith ?? machine).keys.privateKey);
  return {
    CertificateRequest: {
      Type: 'pkcs10',
      Data: encodeBase64(await certificateRequest(faults.keys ?? rsaKeys())),
    },
    JoinType: 6,
    attributes: { ReturnClientSid: 'true' },
    ServerAdJoinData: {
      TransportKey: encodeTransportKey((faults.transport ?? rsaKeys()).publicKey),
      TargetDomain: 'corp.example.com',
      DeviceType: 'Linux',
      OSVersion: '12',
      DeviceDisplayName: machine.name,
      TargetDomainId: faults.tenant ?? tenantId,
      SourceDomainController: 'dc1.corp.example.com',
      ClientIdentity: {
        Type: 'sha256signed',
        Sid: text,
        SignedBlob: faults.blob ?? signature.toString('base64'),
      },
    },
  };
}

const put = (body: object, id = machine.anchor) =>
  world.send('PUT', `/EnrollmentServer/device/${id}?api-version=2.0`, JSON.stringify(body), {
    'content-type': 'application/json',
  });

async function refused(code: string, faults: Faults = {}): Promise<void> {
  const answer = await put(await bodyOf(faults), faults.id);
  expect([answer.json.suberror, answer.json.error_description]).toEqual([code, expect.any(String)]);
}

test('an announced computer registers itself without a token, and its user signs in on it', async () => {
  const [keys, transport] = [rsaKeys(), rsaKeys()];
  const { status, json, text } = await put(await bodyOf({ keys, transport }));
  expect(status, text).toBe(200);
  expect(json.MembershipChanges).toEqual([{ LocalSID: 'S-1-5-32-544', AddSIDs: [] }]);
  const certificate = Buffer.from(json.Certificate.RawBody, 'base64');
  expect(json.Certificate.Thumbprint).toBe(
    createHash('sha1').update(certificate).digest('hex').toUpperCase(),
  );
  expect(await world.admin.devices.show(machine.anchor)).toMatchObject({
    id: machine.anchor,
    joinType: 6,
    displayName: machine.name,
    registeredBy: `computer:${machine.sid}`,
  });
  const [line] = await world.admin.audit.list({ limit: 1 });
  expect(line).toMatchObject({ event: 'device.joined', actor: `computer:${machine.sid}` });
  const { key } = await enrol(world, { userPrincipalName: 'hybrid@corp.example.com' }, new TestKey());
  const device = {
    id: machine.anchor,
    certificate,
    privateKey: keys.privateKey,
    transportKey: transport.privateKey,
  };
  expect((await signIn(world, device, key)).status).toBe(200);
  const { keys: _, ...announced } = machine;
  await sync({ ...announced, version: '2', enabled: false });
  expect((await signIn(world, device, key)).json.suberror).toBe('device-disabled');
  await sync({ ...announced, version: '3' });
  expect((await signIn(world, device, key)).status).toBe(200);
  await sync({ kind: 'gone', of: 'computer', anchor: machine.anchor });
  expect((await signIn(world, device, key)).json.suberror).toBe('device-disabled');
});

test('its keys are replaced only after an administrator has deleted it', async () => {
  expect((await put(await bodyOf())).status).toBe(200);
  await refused('device-registered', { time: new Date(Date.now() - 5000) });
  await world.admin.devices.delete(machine.anchor);
  expect((await put(await bodyOf({ time: new Date(Date.now() - 10_000) }))).status).toBe(200);
});

test('a computer that lost the answer gets it again by the very same keys, and by no others', async () => {
  const [keys, transport] = [rsaKeys(), rsaKeys()];
  const first = await put(await bodyOf({ keys, transport }));
  const again = await put(await bodyOf({ keys, transport, time: new Date(Date.now() - 5000) }));
  expect(again.status, again.text).toBe(200);
  expect(again.json).toEqual(first.json);
  await refused('device-registered', { keys, time: new Date(Date.now() - 6000) });
  await refused('device-registered', { transport, time: new Date(Date.now() - 7000) });
  await world.admin.devices.disable(machine.anchor);
  await refused('device-disabled', { keys, transport, time: new Date(Date.now() - 8000) });
});

test('an identity is good once, even in parallel and for a device that was deleted since', async () => {
  const body = await bodyOf();
  const answers = await Promise.all(Array.from({ length: 6 }, () => put(body)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  await world.admin.devices.delete(machine.anchor);
  expect((await put(body)).json.suberror).toBe('hybrid-identity-invalid');
});

test('a stranger, another computer, another certificate and a disabled computer are answered alike', async () => {
  const other = await newMachine();
  const { keys: _other, ...announced } = other;
  await sync(announced);
  await refused('device-not-announced', { id: randomUUID() });
  await refused('device-not-announced', { id: other.anchor });
  await refused('device-not-announced', { signWith: other });
  await refused('device-not-announced', { sid: other.sid });
  await refused('device-not-announced', { blob: 'AAAA' });
  const { keys: _, ...mine } = machine;
  await sync({ ...mine, version: '2', enabled: false });
  await refused('device-not-announced');
  await sync({ ...mine, version: '3', certificates: [await selfSigned(other.anchor, machine.keys)] });
  await refused('device-not-announced');
});

test('an identity that is over, from the future, malformed, or for another tenant', async () => {
  await refused('hybrid-identity-invalid', { time: new Date(Date.now() - 310_000) });
  await refused('hybrid-identity-invalid', { time: new Date(Date.now() + 310_000) });
  await refused('hybrid-identity-invalid', { sid: 'S-1-5-18' });
  await refused('tenant-unknown', { tenant: randomUUID() });
});
