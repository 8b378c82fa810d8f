/** A tenant, an embedded domain and a software key, all running, for the tests of this package. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectSoftwareKey,
  createCredentialJson,
  type SecurityKey,
  serveSoftwareKey,
} from '@kennel/security-key';
import { type AdminClient, adminClient, initTenant, serveTenant, type User } from '@kennel/tenant';
import pino from 'pino';
import { expect } from 'vitest';
// By path: the lab stands above this package, and only its tests reach up.
import { type LabDomain, startLabDomain } from '../../lab/src/domain/lab-domain.ts';
import { joinDevice, signIn } from '../src/index.ts';

export const PIN = '2580';
/** Where no domain controller answers. */
export const NO_KDC = { host: '127.0.0.1', port: 1 };
/** A DeviceError of this code. */
export const failing = (code: string) => expect.objectContaining({ name: 'DeviceError', code });

/** Every file of a state directory with its bytes. */
export function contents(directory: string): Map<string, string> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    names.map(({ parentPath, name }) => [
      join(parentPath, name),
      readFileSync(join(parentPath, name), 'latin1'),
    ]),
  );
}

export interface World {
  home: string;
  url: string;
  caFile: string;
  admin: AdminClient;
  domain: LabDomain;
  /** Milliseconds by which the clocks of domain controller and tenant are ahead of the system's. */
  clock: { kdc: number; tenant: number };
  alice: User;
  key: SecurityKey;
  /** What a device is given: a state directory of its own. */
  device(name: string): { stateDir: string; ccache: string };
  /** A device that is joined. */
  join(name: string): Promise<{ stateDir: string; ccache: string }>;
  signIn(
    at: { stateDir: string; ccache: string },
    more?: Partial<Parameters<typeof signIn>[0]>,
  ): ReturnType<typeof signIn>;
  /** A user with a key of her own. */
  enrol(
    name: string,
    more?: Partial<Parameters<AdminClient['users']['create']>[0]>,
    /** Whether the key is asked for the secret of offline sign-in, as it is unless said otherwise. */
    registration?: { secret: boolean },
  ): Promise<{ user: User; key: SecurityKey }>;
  /** Takes the tenant away, and brings it back at the same address. */
  stopTenant(): Promise<void>;
  startTenant(): Promise<void>;
  /** Takes the domain controller away, for good. */
  stopDomain(): Promise<void>;
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const home = mkdtempSync(join(tmpdir(), 'kennel-device-'));
  const runtime = mkdtempSync('/dev/shm/kennel-test-');
  process.env.KENNEL_RUNTIME_DIR = runtime;
  const closing: (() => unknown)[] = [home, runtime].map(
    (place) => () => rmSync(place, { recursive: true, force: true }),
  );
  closing.push(() => delete process.env.KENNEL_RUNTIME_DIR);
  const stateDir = join(home, 'tenant');
  const clock = { kdc: 0, tenant: 0 };
  const log = pino({ level: 'silent' });
  const { caFile = '' } = await initTenant({
    stateDir,
    hostName: 'localhost',
    listen: { port: 0 },
    lab: true,
  });
  const serve = () => serveTenant({ stateDir, log, now: () => new Date(Date.now() + clock.tenant) });
  let running = await serve();
  const { url } = running;
  closing.push(() => running.close());
  const domain = await startLabDomain({ now: () => new Date(Date.now() + clock.kdc) });
  let stopped: Promise<void> | undefined;
  const stopDomain = () => {
    stopped ??= domain.close();
    return stopped;
  };
  closing.push(stopDomain);
  const admin = adminClient(stateDir);
  const { directory } = domain;
  const server = directory.createKerberosServerObjects();
  await admin.kerberosDomains.publish({
    dnsName: directory.dnsDomainName,
    netbiosName: directory.netbiosDomainName,
    domainSid: directory.domainSid,
    krbtgtNumber: server.number,
    keyVersion: 1,
    etype: 18,
    key: Buffer.from(server.key.value).toString('base64'),
  });

  const enrol: World['enrol'] = async (name, more = {}, { secret } = { secret: true }) => {
    const place = { socketPath: join(home, `${name}.sock`), statePath: join(home, `${name}.json`) };
    const served = await serveSoftwareKey(place);
    closing.push(() => served.close());
    const key = await connectSoftwareKey(place.socketPath);
    closing.push(() => key.close());
    await key.setPin(PIN);
    const user = await admin.users.create({
      userPrincipalName: `${name}@corp.example.com`,
      displayName: name,
      onPremisesSecurityIdentifier: directory.addUser({ samAccountName: name }),
      onPremisesSamAccountName: name,
      onPremisesDomainName: directory.dnsDomainName,
      ...more,
    });
    const { publicKey, origin } = await admin.keys.options(user.id);
    const credential = await createCredentialJson(
      key,
      secret ? publicKey : { ...publicKey, extensions: {} },
      origin,
      PIN,
    );
    await admin.keys.register(user.id, { displayName: 'a key', credential });
    return { user, key };
  };
  const { user: alice, key } = await enrol('alice');

  const world: World = {
    home,
    url,
    caFile,
    admin,
    domain,
    clock,
    alice,
    key,
    enrol,
    device: (name) => ({ stateDir: join(home, 'devices', name), ccache: join(home, `${name}.ccache`) }),
    join: async (name) => {
      const at = world.device(name);
      await joinDevice({
        stateDir: at.stateDir,
        tenantUrl: url,
        caFile,
        key,
        pin: PIN,
        displayName: name,
        keyStore: 'software',
      });
      return at;
    },
    signIn: (at, more = {}) => signIn({ ...at, key, pin: PIN, kdc: domain.kdc, ...more }),
    stopTenant: () => running.close(),
    stopDomain,
    startTenant: async () => {
      const path = join(stateDir, 'config.json');
      const config = JSON.parse(readFileSync(path, 'utf8'));
      const listen = { ...config.listen, port: Number(new URL(url).port) };
      writeFileSync(path, JSON.stringify({ ...config, listen, origins: [url], registration: { port: 0 } }));
      running = await serve();
    },
    close: async () => {
      for (const step of closing.reverse()) await step();
    },
  };
  return world;
}
