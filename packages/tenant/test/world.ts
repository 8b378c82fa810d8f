/** A running tenant for tests, on a free port with TLS, and a device that speaks to it as one would. */
import 'reflect-metadata';
import { generateKeyPairSync, type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  assertionChallenge,
  CLIENT_IDS,
  DEVICE_CSR_COMMON_NAME,
  DRS_RESOURCE,
  encodeBase64,
  encodeTransportKey,
  GRANT_TYPES,
  signJws,
} from '@kennel/prt';
import * as x509 from '@peculiar/x509';
import pino from 'pino';
import { type AdminClient, adminClient, type InitOptions, initTenant, serveTenant } from '../src/index.ts';
import { type AssertionFaults, TestKey } from './authenticator.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  json: any;
}

export interface World {
  stateDir: string;
  url: string;
  caFile: string;
  /** Of the last start. */
  firstAdministratorLink: string | undefined;
  admin: AdminClient;
  /** Everything that was logged. */
  logged: string[];
  /** The tenant's clock, ahead of the system's by so many seconds. */
  clock: { offset: number };
  send(
    method: string,
    path: string,
    body?: string | Buffer,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** A form without Content-Type, as some clients send it. */
  form(fields: Record<string, string>): Promise<Answer>;
  nonce(): Promise<string>;
  restart(): Promise<void>;
  /** Does something while the tenant is stopped, then starts it again. */
  whileStopped<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** @param prepare puts files into the state directory before the tenant starts */
export async function startWorld(
  options: Partial<InitOptions> = {},
  prepare: (stateDir: string) => void = () => {},
): Promise<World> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kennel-tenant-'));
  const clock = { offset: 0 };
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => logged.push(line) });
  const now = () => new Date(Date.now() + clock.offset * 1000);
  const init = { hostName: 'localhost', listen: { port: 0 }, store: { sqlite: 'tenant.db' }, ...options };
  const { caFile = '' } = await initTenant({ ...init, stateDir });
  prepare(stateDir);
  let running = await serveTenant({ stateDir, now, log });
  const agent = new Agent({ keepAlive: true, ...(caFile !== '' && { ca: readFileSync(caFile) }) });
  const world: World = {
    stateDir,
    url: running.url,
    caFile,
    firstAdministratorLink: running.firstAdministratorLink,
    admin: adminClient(stateDir),
    logged,
    clock,
    send: (method, path, body, headers = {}) => send(agent, `${world.url}${path}`, method, body, headers),
    form: (fields) => world.send('POST', '/common/oauth2/token', new URLSearchParams(fields).toString()),
    nonce: async () => (await world.form({ grant_type: GRANT_TYPES.nonce })).json.Nonce,
    restart: () => world.whileStopped(async () => {}),
    whileStopped: async (work) => {
      await running.close();
      try {
        return await work();
      } finally {
        running = await serveTenant({ stateDir, now, log });
        world.url = running.url;
        world.firstAdministratorLink = running.firstAdministratorLink;
      }
    },
    close: async () => {
      agent.destroy();
      await running.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
  return world;
}

function send(
  agent: Agent,
  url: string,
  method: string,
  body: string | Buffer | undefined,
  headers: Record<string, string>,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const sent = request(
    url,
    { agent, method, headers: { ...length, ...headers }, timeout: 10_000 },
    async (response) => {
      const text = Buffer.concat(await response.toArray()).toString('utf8');
      let json: unknown;
      try {
        json = JSON.parse(text);
      } catch {
        json = undefined;
      }
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
    },
  );
  sent.on('timeout', () => sent.destroy(new Error('timeout')));
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

export const ALICE = {
  userPrincipalName: 'Alice@corp.example.com',
  displayName: 'Alice',
  onPremisesSecurityIdentifier: 'S-1-5-21-1004336348-1177238915-682003330-1104',
  onPremisesSamAccountName: 'alice',
  onPremisesDomainName: 'corp.example.com',
};
export const KRBTGT_KEY = Buffer.from('c7'.repeat(16) + '3d'.repeat(16), 'hex');
export const CORP = {
  dnsName: 'corp.example.com',
  netbiosName: 'CORP',
  domainSid: 'S-1-5-21-1004336348-1177238915-682003330',
  krbtgtNumber: 41_234,
  keyVersion: 2,
  etype: 18 as const,
  key: KRBTGT_KEY.toString('base64'),
};

/** A user with a registered key. */
export async function enrol(
  world: World,
  user: Parameters<AdminClient['users']['create']>[0] = ALICE,
  key = new TestKey(),
) {
  const created = await world.admin.users.create(user);
  const credential = key.create(await world.admin.keys.options(created.id));
  await world.admin.keys.register(created.id, { displayName: 'a key', credential });
  return { user: created, key };
}

export interface TestDevice {
  id: string;
  certificate: Buffer;
  privateKey: KeyObject;
  transportKey: KeyObject;
}

export async function registrationToken(
  world: World,
  key: TestKey,
  faults: AssertionFaults & { nonce?: string; challenge?: Uint8Array } = {},
) {
  const nonce = faults.nonce ?? (await world.nonce());
  return world.form({
    grant_type: GRANT_TYPES.fido2,
    nonce,
    assertion: JSON.stringify(
      key.assert(faults.challenge ?? assertionChallenge({ purpose: 'registration', nonce }), faults),
    ),
    resource: DRS_RESOURCE,
    client_id: CLIENT_IDS.broker,
  });
}

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

/** A PKCS #10 request, DER. */
export async function certificateRequest(
  keys: { privateKey: KeyObject; publicKey: KeyObject },
  hash = 'SHA-256',
): Promise<Buffer> {
  const algorithm = { ...RSA, hash };
  const spki = Uint8Array.from(keys.publicKey.export({ format: 'der', type: 'spki' }));
  const pkcs8 = Uint8Array.from(keys.privateKey.export({ format: 'der', type: 'pkcs8' }));
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name([{ CN: [DEVICE_CSR_COMMON_NAME] }]),
    keys: {
      publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
      privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']),
    },
    signingAlgorithm: algorithm,
  });
  return Buffer.from(csr.rawData);
}

/** Two RSA keys are enough for all devices of a test file: making them is slow. */
const rsaPool = Array.from({ length: 4 }, () => generateKeyPairSync('rsa', { modulusLength: 2048 }));
let poolAt = 0;
export const rsaKeys = () => {
  const keys = rsaPool[poolAt++ % rsaPool.length];
  if (keys === undefined) throw new Error('no keys');
  return keys;
};

export async function joinBody(keys = rsaKeys(), transport = rsaKeys()) {
  return {
    CertificateRequest: { Type: 'pkcs10', Data: encodeBase64(await certificateRequest(keys)) },
    TransportKey: encodeTransportKey(transport.publicKey),
    TargetDomain: 'corp.example.com',
    DeviceType: 'Linux',
    OSVersion: '12',
    DeviceDisplayName: 'workstation',
    JoinType: 0,
  };
}

export function postJoin(world: World, token: string, body: unknown): Promise<Answer> {
  return world.send('POST', '/EnrollmentServer/device/?api-version=2.0', JSON.stringify(body), {
    'content-type': 'application/json',
    authorization: `Bearer ${token}`,
  });
}

export async function joinDevice(world: World, key: TestKey, more: object = {}): Promise<TestDevice> {
  const token = (await registrationToken(world, key)).json.access_token;
  const [keys, transport] = [rsaKeys(), rsaKeys()];
  const answer = await postJoin(world, token, { ...(await joinBody(keys, transport)), ...more });
  if (answer.status !== 200) throw new Error(`join: ${answer.text}`);
  const certificate = Buffer.from(answer.json.Certificate.RawBody, 'base64');
  const id = new x509.X509Certificate(Uint8Array.from(certificate)).subject.replace('CN=', '');
  return { id, certificate, privateKey: keys.privateKey, transportKey: transport.privateKey };
}

export interface PrtFaults extends AssertionFaults {
  nonce?: string;
  assertionNonce?: string;
  /** The certificate in x5c, and the one that the assertion is bound to. */
  certificate?: Buffer;
  boundTo?: Buffer;
  signWith?: KeyObject;
  header?: object;
  payload?: object;
  form?: Record<string, string>;
  challenge?: Uint8Array;
}

/** The form of a PRT request. */
export async function prtForm(world: World, device: TestDevice, key: TestKey, faults: PrtFaults = {}) {
  const nonce = faults.nonce ?? (await world.nonce());
  const certificate = faults.certificate ?? device.certificate;
  const challenge =
    faults.challenge ??
    assertionChallenge({
      purpose: 'prt',
      nonce: faults.assertionNonce ?? nonce,
      deviceCertificate: faults.boundTo ?? certificate,
    });
  const payload = {
    client_id: CLIENT_IDS.broker,
    request_nonce: nonce,
    scope: 'openid aza',
    grant_type: GRANT_TYPES.jwtBearer,
    win_ver: '10.0',
    assertion: JSON.stringify(key.assert(challenge, faults)),
    session_key_enc: 'A256GCM',
    ...(faults.assertionNonce !== undefined && { assertion_nonce: faults.assertionNonce }),
    ...faults.payload,
  };
  const header = { x5c: encodeBase64(certificate), kdf_ver: 2, ...faults.header };
  return {
    windows_api_version: '2.2',
    grant_type: GRANT_TYPES.jwtBearer,
    request: signJws(faults.signWith ?? device.privateKey, header, payload),
    client_info: '1',
    tgt: 'true',
    ...faults.form,
  };
}

export async function signIn(
  world: World,
  device: TestDevice,
  key: TestKey,
  faults: PrtFaults = {},
): Promise<Answer> {
  return world.form(await prtForm(world, device, key, faults));
}

/** A nonce-like text of this shape that nobody issued. */
export const strayNonce = () => randomBytes(55).toString('base64url');
