/** A tenant that answers for the host names that brokers have built in, with the RP ID that they sign for. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CORP, startWorld, type World } from '../../packages/tenant/test/world.ts';
import { Net } from '../interop/broker/net.ts';
import { SecurityKey } from '../interop/broker/security-key.ts';

export const LOGIN = 'login.microsoftonline.com';
const REGISTRATION_HOST = 'enterpriseregistration.windows.net';
/** What a known broker signs with, wherever its page stands. */
const [RP_ID, ORIGIN] = ['login.microsoft.com', 'https://login.microsoft.com'];

export class BrokerTenant {
  readonly world: World;
  readonly net: Net;
  /** The root that the tenant's certificate is from, and is. */
  readonly caFile: string;
  readonly #folder: string;
  #people = 0;

  private constructor(world: World, net: Net, folder: string) {
    this.world = world;
    this.net = net;
    this.caFile = join(folder, 'cert.pem');
    this.#folder = folder;
  }

  static async start(options: { resources?: string[] } = {}): Promise<BrokerTenant> {
    const folder = mkdtempSync(join(tmpdir(), 'kennel-broker-'));
    const file = (name: string) => join(folder, name);
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
        ...['-keyout', file('key.pem'), '-out', file('cert.pem'), '-subj', '/CN=a root for this test'],
        ...['-addext', `subjectAltName=DNS:${LOGIN},DNS:${REGISTRATION_HOST},DNS:localhost,IP:127.0.0.1`],
      ],
      { stdio: 'pipe' },
    );
    const port = await freePort();
    const world = await startWorld({
      hostName: LOGIN,
      registration: { hostName: REGISTRATION_HOST, port },
      rpId: RP_ID,
      origins: [ORIGIN],
      tls: { certificateFile: file('cert.pem'), keyFile: file('key.pem') },
      ...options,
    });
    await world.admin.kerberosDomains.publish(CORP);
    const hosts = new Map([
      [LOGIN, Number(new URL(world.url).port)],
      [REGISTRATION_HOST, port],
    ]);
    return new BrokerTenant(world, new Net(hosts, readFileSync(file('cert.pem'), 'utf8')), folder);
  }

  async close(): Promise<void> {
    await this.world.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** Somebody of the domain, with a key. */
  async person() {
    const name = `user${++this.#people}`;
    const upn = `${name}@corp.example.com`;
    const user = await this.world.admin.users.create({
      userPrincipalName: upn,
      displayName: name,
      onPremisesSecurityIdentifier: `${CORP.domainSid}-${1200 + this.#people}`,
      onPremisesSamAccountName: name,
      onPremisesDomainName: 'corp.example.com',
    });
    const key = new SecurityKey(RP_ID, ORIGIN);
    const { publicKey } = await this.world.admin.keys.options(user.id);
    const made = key.create({ ...publicKey, rp: { id: publicKey.rp.id ?? '' } });
    const credential = { ...made, rawId: made.id, type: 'public-key' as const };
    await this.world.admin.keys.register(user.id, { displayName: 'a key', credential });
    return { user, key, upn, name };
  }
}
export type Person = Awaited<ReturnType<BrokerTenant['person']>>;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  server.close();
  await once(server, 'close');
  return port;
}
