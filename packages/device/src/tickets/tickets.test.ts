/** Where domain controllers and caches are found, and what is written for other programs. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KdcAddress } from '@kennel/kerberos';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failing, NO_KDC, startWorld, type World } from '../../test/world.ts';
import { rememberKdc } from '../state/device.ts';
import { ccachePlace, defaultCcache, readCcache } from './ccache.ts';
import { fetchTickets } from './fetch.ts';
import { kdcAddresses } from './kdc.ts';
import { krb5Conf, krb5Snippet } from './krb5-conf.ts';

let world: World;
let dir: string;
beforeAll(async () => {
  world = await startWorld();
  dir = mkdtempSync(join(tmpdir(), 'kennel-tickets-'));
});
afterAll(async () => {
  rmSync(dir, { recursive: true });
  await world.close();
});

const srv = (name: string, priority: number, weight: number, port = 88) => ({
  name,
  priority,
  weight,
  port,
});

test('a domain controller that is known is taken; else DNS is asked, in the order of its records', async () => {
  const never = () => Promise.reject(new Error('DNS was asked'));
  const known = [{ host: 'dc1', port: 88 }];
  expect(await kdcAddresses('CORP.EXAMPLE.COM', known, { locate: never, resolve: never })).toEqual(known);
  const nearest = [{ host: '10.0.0.2', port: 88 }];
  expect(await kdcAddresses('CORP.EXAMPLE.COM', [], { locate: async () => nearest, resolve: never })).toEqual(
    nearest,
  );
  const asked: string[] = [];
  const locate = async () => [];
  const resolve = async (name: string) => {
    asked.push(name);
    if (name.startsWith('_kerberos._udp.')) return [srv('udp-only', 0, 0)];
    return [srv('c', 10, 1000), srv('b', 5, 10, 8888), srv('.', 0, 0), srv('a', 0, 100)];
  };
  const found = await kdcAddresses('CORP.EXAMPLE.COM', [], { locate, resolve });
  expect(asked).toContain('_kerberos._tcp.corp.example.com');
  expect(found).toEqual([
    { host: 'a', port: 88 },
    { host: 'b', port: 8888 },
    { host: 'c', port: 88 },
  ]);
  for (const answer of [
    async () => [],
    async () => [srv('.', 0, 0)],
    () => Promise.reject({ code: 'ENOTFOUND' }),
  ]) {
    await expect(kdcAddresses('CORP.EXAMPLE.COM', [], { locate, resolve: answer })).rejects.toThrow(
      failing('dc-not-found'),
    );
  }
});

/** A server that answers every request with these bytes. */
async function strangeKdc(reply: Buffer): Promise<KdcAddress & { close(): void }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    host: '127.0.0.1',
    port: typeof address === 'object' && address ? address.port : 0,
    close: () => server.close(),
  };
}

test('what is no answer of a domain controller is told, and the partial TGT kept', async () => {
  const at = await world.join('strange');
  for (const [reply, code] of [
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'dc-answer-malformed'],
    [Buffer.from([0, 0, 0, 4, 0x6d, 0x02, 0x05, 0x00]), 'dc-answer-malformed'],
    [Buffer.from([0, 0, 0, 0]), 'dc-answer-malformed'],
    [Buffer.alloc(0), 'dc-unreachable'],
  ] as const) {
    const kdc = await strangeKdc(reply);
    expect((await world.signIn(at, { kdc })).ticket).toMatchObject({ state: 'none', code });
    kdc.close();
  }
  expect(await fetchTickets({ stateDir: at.stateDir, kdc: world.domain.kdc })).toMatchObject({
    state: 'full',
  });
});

test('a cache that cannot be written costs the ticket, not the PRT', async () => {
  const at = await world.join('unwritable');
  const { ticket } = await world.signIn({ ...at, ccache: join(dir, 'missing', 'cc') });
  expect(ticket).toMatchObject({ state: 'none', code: 'ccache-unwritable' });
  const fetched = await fetchTickets({ stateDir: at.stateDir, ccache: `FILE:${at.ccache}` });
  expect(fetched).toMatchObject({ state: 'full', ccache: at.ccache });
});

test('a domain controller that was named is remembered', async () => {
  const at = await world.join('remembered');
  await world.signIn(at);
  const { stateDir, ccache } = at;
  const { key } = world;
  const { signIn } = await import('../index.ts');
  expect((await signIn({ stateDir, ccache, key, pin: '2580' })).ticket.state).toBe('full');
  expect((await world.signIn(at, { kdc: NO_KDC })).ticket.state).toBe('none');
  expect(await fetchTickets({ stateDir }), 'the one named last').toMatchObject({ code: 'dc-unreachable' });
});

test('where a cache lies', () => {
  expect(ccachePlace('FILE:/run/a')).toBe('/run/a');
  expect(ccachePlace('/run/a:b')).toBe('/run/a:b');
  expect(ccachePlace('DIR:/run/x/')).toBe('DIR:/run/x');
  expect(ccachePlace('DIR::/run/x/tktA')).toBe('/run/x/tktA');
  expect(defaultCcache({ KRB5CCNAME: 'FILE:/run/x' })).toBe('/run/x');
  expect(defaultCcache({})).toBe(`/tmp/krb5cc_${process.getuid?.()}`);
  for (const name of ['KEYRING:persistent:0', 'KCM:', 'MEMORY:x', 'FILE:', 'DIR:']) {
    expect(() => defaultCcache({ KRB5CCNAME: name })).toThrow(failing('ccache-unsupported'));
  }
});

test('what is no cache is not taken for one', () => {
  const path = join(dir, 'cc');
  expect(readCcache(path)).toBeUndefined();
  writeFileSync(path, 'not a cache');
  expect(readCcache(path)).toBeUndefined();
  mkdirSync(`${path}.d`);
  expect(readCcache(`${path}.d`)).toBeUndefined();
  symlinkSync(`${path}.loop`, `${path}.loop`);
  expect(() => readCcache(`${path}.loop`)).toThrow(failing('ccache-unwritable'));
});

test('krb5.conf names the realm and its domain controllers, and asks no DNS', () => {
  const kdc = [
    { host: 'dc1.corp.example.com', port: 88 },
    { host: '::1', port: 8888 },
  ];
  const text = krb5Conf({ realm: 'CORP.EXAMPLE.COM', kdc, hosts: ['localhost'] });
  expect(text).toMatchInlineSnapshot(`
    "[libdefaults]
        default_realm = CORP.EXAMPLE.COM
        dns_lookup_realm = false
        dns_lookup_kdc = false
        dns_canonicalize_hostname = false
        rdns = false
        # Tickets with a PAC are larger than a datagram, and a KDC that is down answers sooner over TCP.
        udp_preference_limit = 1

    [realms]
        CORP.EXAMPLE.COM = {
            kdc = dc1.corp.example.com:88
            kdc = [::1]:8888
        }

    [domain_realm]
        corp.example.com = CORP.EXAMPLE.COM
        .corp.example.com = CORP.EXAMPLE.COM
        localhost = CORP.EXAMPLE.COM
    "
  `);
  for (const realm of ['A\n[libdefaults]', 'A B', '']) {
    expect(() => krb5Conf({ realm, kdc })).toThrow(failing('dc-not-found'));
  }
  expect(() => krb5Conf({ realm: 'A', kdc: { host: 'x }', port: 88 } })).toThrow(failing('dc-not-found'));
});

test('the snippet has every realm of the device, with those domain controllers that were named', async () => {
  const { stateDir } = await world.join('two-realms');
  rememberKdc(stateDir, 'CORP.EXAMPLE.COM', { host: 'dc1.corp.example.com', port: 88 });
  rememberKdc(stateDir, 'FABRIKAM.EXAMPLE.NET', { host: '::1', port: 8888 });
  const { realms, text } = krb5Snippet(stateDir);
  expect(realms).toEqual(['CORP.EXAMPLE.COM', 'FABRIKAM.EXAMPLE.NET']);
  expect(text).toMatchInlineSnapshot(`
    "# Written by kennel: the realms of this device.
    [realms]
        CORP.EXAMPLE.COM = {
            kdc = dc1.corp.example.com:88
        }
        FABRIKAM.EXAMPLE.NET = {
            kdc = [::1]:8888
        }

    [domain_realm]
        corp.example.com = CORP.EXAMPLE.COM
        .corp.example.com = CORP.EXAMPLE.COM
        fabrikam.example.net = FABRIKAM.EXAMPLE.NET
        .fabrikam.example.net = FABRIKAM.EXAMPLE.NET
    "
  `);
});
