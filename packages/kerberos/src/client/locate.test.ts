/** SRV records in the order of RFC 2782, and DNS that says no, nothing, or nonsense. */
import { expect, test } from 'vitest';
import type { SrvRecord } from './dns-srv.ts';
import { locateKdcs, type SrvResolver } from './locate.ts';

const record = (name: string, priority: number, weight: number, port = 88): SrvRecord => ({
  ...{ name, priority, weight, port },
});
const failing = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));
const dns =
  (tcp: readonly SrvRecord[], udp: readonly SrvRecord[] = []): SrvResolver =>
  (name) => {
    const records = name.includes('_tcp') ? tcp : udp;
    return records.length > 0 ? Promise.resolve(records) : failing('ENODATA');
  };
const hosts = async (resolve: SrvResolver, random?: () => number) =>
  (await locateKdcs('CORP.EXAMPLE.COM', resolve, random)).map(({ host }) => host);

test('asks for both protocols under the realm in lower case, and joins what names one host', async () => {
  const asked: string[] = [];
  const resolve: SrvResolver = (name) => {
    asked.push(name);
    const both = record('dc1.corp.example.com', 0, 100);
    return Promise.resolve(
      name.includes('_tcp') ? [both] : [both, record('dc2.corp.example.com.', 0, 0, 750)],
    );
  };
  expect(await locateKdcs('CORP.EXAMPLE.COM', resolve, () => 0.99)).toEqual([
    { host: 'dc1.corp.example.com', port: 88, udp: true, tcp: true },
    { host: 'dc2.corp.example.com', port: 750, udp: true, tcp: false },
  ]);
  expect(asked.sort()).toEqual(['_kerberos._tcp.corp.example.com', '_kerberos._udp.corp.example.com']);
});

test('the lower priority comes first, whatever the weight', async () => {
  const resolve = dns([record('far', 20, 65535), record('near', 10, 0), record('mid', 15, 1)]);
  expect(await hosts(resolve)).toEqual(['near', 'mid', 'far']);
});

test('among equals each comes first as often as its weight says', async () => {
  const resolve = dns([record('heavy', 0, 90), record('light', 0, 10), record('none', 0, 0)]);
  const first: Record<string, number> = {};
  for (let i = 0; i < 1000; i++) {
    const [host = ''] = await hosts(resolve, () => i / 1000);
    first[host] = (first[host] ?? 0) + 1;
  }
  expect(first.heavy).toBeGreaterThan(850);
  expect(first.light).toBeGreaterThan(80);
  expect(first.none ?? 0).toBeLessThan(30);
  expect((await hosts(resolve)).sort()).toEqual(['heavy', 'light', 'none']);
});

test('a lone dot offers nothing, and no record is an error that says what was asked', async () => {
  await expect(hosts(dns([record('.', 0, 0), record('', 0, 0)]))).rejects.toMatchObject({
    code: 'kdc-not-found',
    message: expect.stringContaining('_kerberos._tcp.corp.example.com'),
  });
  await expect(hosts(() => failing('ENOTFOUND'))).rejects.toMatchObject({ code: 'kdc-not-found' });
});

test('a DNS that does not answer is told apart from one without records', async () => {
  await expect(hosts(() => failing('ETIMEOUT'))).rejects.toThrow(/did not answer.*ETIMEOUT/);
});

test('a realm that is no domain name is not asked for, and a long list is cut', async () => {
  for (const realm of ['', 'A..B', 'A B', 'a/b', 'EVIL.TEST\n', `${'a'.repeat(250)}`, '*.test'])
    await expect(locateKdcs(realm, () => expect.unreachable())).rejects.toMatchObject({
      code: 'kdc-not-found',
    });
  const many = Array.from({ length: 500 }, (_, i) => record(`dc${i}`, 0, 1));
  expect(await hosts(dns(many))).toHaveLength(16);
});
