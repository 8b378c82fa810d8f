/** The certificates that the tenant issues, through the eyes of OpenSSL and curl: of devices, and of its own TLS CA. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from 'vitest';
import { loadMasterKey } from '../../packages/secrets/src/index.ts';
import { loadTls } from '../../packages/tenant/src/config/tls.ts';
import { initTenant } from '../../packages/tenant/src/index.ts';
import { openStore } from '../../packages/tenant/src/store/open.ts';
import {
  enrol,
  joinDevice,
  startWorld,
  type TestDevice,
  type World,
} from '../../packages/tenant/test/world.ts';
import { withPeers } from '../support/peers.ts';

const it = withPeers('openssl', 'curl');
const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let world: World;
let device: TestDevice;
let userId: string;
let dir: string;
let leaf: string;
let ca: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kennel-cert-'));
  world = await startWorld();
  const { user, key } = await enrol(world);
  userId = user.id;
  device = await joinDevice(world, key);
  leaf = join(dir, 'device.der');
  ca = join(dir, 'ca.pem');
  writeFileSync(leaf, device.certificate);
  const store = openStore({ sqlite: join(world.stateDir, 'tenant.db') });
  const row = await store
    .selectFrom('tenant_keys')
    .select('public')
    .where('purpose', '=', 'device-ca')
    .executeTakeFirstOrThrow();
  await store.destroy();
  writeFileSync(ca, row.public);
});
afterAll(async () => {
  await world?.close();
  rmSync(dir, { recursive: true, force: true });
});

it('OpenSSL verifies the chain for client authentication, strictly, and for nothing else', () => {
  const pem = join(dir, 'device.pem');
  openssl('x509', '-inform', 'DER', '-in', leaf, '-out', pem);
  // -x509_strict also wants key identifiers, which certificates of this kind do not have
  expect(openssl('verify', '-CAfile', ca, '-purpose', 'sslclient', pem)).toContain('OK');
  expect(() => openssl('verify', '-CAfile', ca, '-purpose', 'sslserver', pem)).toThrow();
});

it('it has the shape that clients parse', () => {
  const text = openssl('x509', '-inform', 'DER', '-in', leaf, '-noout', '-text', '-nameopt', 'RFC2253');
  expect(text).toMatch(
    /Issuer: .*\+.*CN=Kennel-Organization-Access|Issuer: .*CN=Kennel-Organization-Access.*\+/,
  );
  expect(text).toContain(`Subject: CN=${device.id}`);
  expect(text).toContain('sha256WithRSAEncryption');
  expect(text).toContain('Public-Key: (2048 bit)');
  expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
  expect(text).toMatch(/Extended Key Usage: critical\s+TLS Web Client Authentication/);
  expect(text).toMatch(/Key Usage: critical\s+Digital Signature/);
  expect(openssl('x509', '-inform', 'DER', '-in', leaf, '-noout', '-serial').trim()).toMatch(
    /^serial=[4-7][0-9A-F]{31}$/,
  );
});

it('the extensions name device, user, tenant, region and join type', async () => {
  const { tenantId } = await world.admin.status();
  const lines = openssl('asn1parse', '-inform', 'DER', '-in', leaf, '-dump').split('\n');
  const extension = (last: number) => {
    const at = lines.findIndex((line) => line.endsWith(`:1.2.840.113556.1.5.284.${last}`));
    expect(at).toBeGreaterThan(0);
    const dump = [];
    for (const line of lines.slice(at + 2)) {
      const hex = /^\s+[0-9a-f]{4} - ([0-9a-f -]+?)(\s{2,}|$)/.exec(line)?.[1];
      if (hex === undefined) break;
      dump.push(hex.replaceAll(/[ -]/g, ''));
    }
    return dump.join('');
  };
  const guid = (text: string) => {
    const [a = '', b = '', c = '', d = '', e = ''] = text.split('-');
    const swap = (hex: string) => hex.match(/../g)?.reverse().join('');
    return `048110${swap(a)}${swap(b)}${swap(c)}${d}${e}`;
  };
  expect(extension(2)).toBe(guid(device.id));
  expect(extension(3)).toBe(guid(userId));
  expect(extension(5)).toBe(guid(tenantId));
  expect(extension(8)).toBe('0481024e41');
  expect(extension(7)).toBe('04810131');
});

const registrationUrl = async () =>
  new URL((await world.send('GET', '/common/Discover')).json.DeviceJoinService.JoinEndpoint);

it('OpenSSL is asked for a certificate where devices register, and nowhere else', async () => {
  const asked = async (url: string) => {
    const { host } = new URL(url);
    // Version 1.2 asks in the clear (RFC 5246 section 7.4.4).
    const child = promisify(execFile)('openssl', ['s_client', '-connect', host, '-tls1_2', '-msg']);
    child.child.stdin?.end();
    return /<<< TLS 1\.2, Handshake \[.*\], CertificateRequest/.test((await child).stdout);
  };
  expect(await asked(world.url)).toBe(false);
  expect(await asked((await registrationUrl()).href)).toBe(true);
});

it('curl deletes a device with the device certificate, and without one does not', async () => {
  const { user, key } = await enrol(world, { userPrincipalName: 'bob@corp.example.com' });
  const gone = await joinDevice(world, key);
  const [cert, privateKey] = [join(dir, 'gone.pem'), join(dir, 'gone.key')];
  writeFileSync(join(dir, 'gone.der'), gone.certificate);
  openssl('x509', '-inform', 'DER', '-in', join(dir, 'gone.der'), '-out', cert);
  writeFileSync(privateKey, gone.privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  const url = new URL(gone.id, await registrationUrl()).href;
  const remove = async (...client: string[]) => {
    const options = [
      '-sS',
      '--max-time',
      '10',
      '--cacert',
      world.caFile,
      '-X',
      'DELETE',
      '-w',
      '%{http_code}',
    ];
    return (await promisify(execFile)('curl', [...options, ...client, url])).stdout;
  };
  expect(await remove()).toMatch(/device-certificate-foreign.*400$/s);
  expect(await remove('--cert', cert, '--key', privateKey)).toBe('{}200');
  expect((await world.admin.devices.list()).filter(({ registeredBy }) => registeredBy === user.id)).toEqual(
    [],
  );
});

it("curl trusts the tenant's own CA, and only for its host name", async () => {
  const port = new URL(world.url).port;
  const nonceFrom = async (host: string) => {
    const at = ['--resolve', `${host}:${port}:127.0.0.1`, `https://${host}:${port}/common/oauth2/token`];
    const options = ['-sS', '--max-time', '10', '--cacert', world.caFile, '-d', 'grant_type=srv_challenge'];
    return (await promisify(execFile)('curl', [...options, ...at])).stdout;
  };
  expect(JSON.parse(await nonceFrom('localhost'))).toEqual({ Nonce: expect.any(String) });
  await expect(nonceFrom('login.example.com')).rejects.toThrow(/certificate|SSL/i);
});

it.each([
  ['localhost', 'DNS:localhost'],
  ['127.0.0.1', 'IP:127.0.0.1/255.255.255.255'],
  ['::1', 'IP:0:0:0:0:0:0:0:1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF'],
])("the tenant's own TLS CA may vouch for %s alone, and OpenSSL agrees", async (hostName, permitted) => {
  const stateDir = join(dir, `state-${hostName.replaceAll(':', '-')}`);
  const rpId = 'localhost';
  const { config, caFile = '' } = await initTenant({
    stateDir,
    hostName,
    rpId,
    origins: ['https://localhost'],
  });
  const text = openssl('x509', '-in', caFile, '-noout', '-text');
  expect(text).toMatch(/Name Constraints: critical\s+Permitted:\s+/);
  expect(text).toContain(permitted);
  const master = loadMasterKey(join(stateDir, 'master.key'));
  const verify = async (name: string) => {
    const { cert } = await loadTls(stateDir, { ...config, hostName: name }, master, new Date());
    const file = join(stateDir, 'server.pem');
    writeFileSync(file, cert);
    return openssl(
      'verify',
      '-CAfile',
      caFile,
      '-purpose',
      'sslserver',
      '-x509_strict',
      '-no_check_time',
      file,
    );
  };
  expect(await verify(hostName)).toContain('OK');
  await expect(verify(hostName.includes('host') ? 'login.example.com' : '10.0.0.1')).rejects.toThrow(
    'permitted subtree',
  );
});
