/** MIT's programs use the ticket cache and the krb5.conf that a device writes. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { krb5Conf, listTickets } from '../../packages/device/src/index.ts';
import { startWorld, type World } from '../../packages/device/test/world.ts';
import { decodeCcache, encodeCcache } from '../../packages/kerberos/src/index.ts';
import { missing, withPeers } from '../support/peers.ts';

const run = promisify(execFile);
const TEN_MINUTES = 600_000;

describe('a ticket cache of a device', () => {
  const it = withPeers('mit');
  let world: World;
  let config: string;
  beforeAll(async () => {
    if (missing(['mit']).length > 0) return;
    world = await startWorld();
    const include = join(world.home, 'krb5.conf.d');
    mkdirSync(include);
    const { kdc, directory } = world.domain;
    writeFileSync(
      join(include, 'kennel.conf'),
      krb5Conf({ realm: directory.realm, kdc, hosts: ['localhost'] }),
    );
    config = join(world.home, 'krb5.conf');
    writeFileSync(config, `includedir ${include}\n`);
  });
  afterAll(() => world?.close());

  const mit = async (ccache: string, program: string, ...args: string[]) => {
    const env = { ...process.env, KRB5_CONFIG: config, KRB5CCNAME: `FILE:${ccache}`, TZ: 'UTC', LC_ALL: 'C' };
    return (await run(program, args, { env, timeout: 20_000 })).stdout;
  };

  it('is listed by klist, and good', async () => {
    const at = await world.join('listed');
    const { ticket } = await world.signIn(at);
    const listed = await mit(at.ccache, 'klist', '-ef');
    expect(listed).toContain(`Ticket cache: FILE:${at.ccache}`);
    expect(listed).toContain('Default principal: alice@CORP.EXAMPLE.COM');
    expect(listed).toContain('krbtgt/CORP.EXAMPLE.COM@CORP.EXAMPLE.COM');
    expect(listed).toMatch(/Etype \(skey, tkt\): aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha1-96/);
    const [, month, day, year, time] =
      /\d\d\/\d\d\/\d\d \S+ {2}(\d\d)\/(\d\d)\/(\d\d) (\S+)/.exec(listed) ?? [];
    const end = ticket.state === 'full' ? ticket.endTime.toISOString() : '';
    expect(`20${year}-${month}-${day}T${time}.000Z`).toBe(end);
    await mit(at.ccache, 'klist', '-s'); // fails where the ticket is over
  });

  it('gets a service ticket by kvno, which the device lists from then on', async () => {
    const at = await world.join('served');
    await world.signIn(at);
    expect(await mit(at.ccache, 'kvno', 'HTTP/localhost')).toContain(
      'HTTP/localhost@CORP.EXAMPLE.COM: kvno = 1',
    );
    const { tickets } = listTickets({ stateDir: at.stateDir });
    expect(tickets.map(({ server }) => server)).toEqual([
      'krbtgt/CORP.EXAMPLE.COM@CORP.EXAMPLE.COM',
      'HTTP/localhost@CORP.EXAMPLE.COM',
    ]);
    const bytes = readFileSync(at.ccache);
    expect(decodeCcache(bytes).credentials).toHaveLength(2);
  });

  it("tells MIT's programs how far the domain controller's clock is ahead", async () => {
    const at = await world.join('skewed');
    world.clock.kdc = world.clock.tenant = TEN_MINUTES;
    try {
      const { ticket } = await world.signIn(at);
      const offset = ticket.state === 'full' ? ticket.kdcTimeOffset : 0;
      expect(Math.abs(offset - TEN_MINUTES)).toBeLessThan(5000);
      expect(await mit(at.ccache, 'kvno', 'HTTP/localhost')).toContain('kvno = 1');
      // The offset is what does it: without it the same ticket is of no use.
      const { kdcTimeOffset: _, ...cache } = decodeCcache(readFileSync(at.ccache));
      const credentials = cache.credentials.slice(0, 1);
      writeFileSync(`${at.ccache}.without`, encodeCcache({ ...cache, credentials }), { mode: 0o600 });
      await expect(mit(`${at.ccache}.without`, 'kvno', 'HTTP/localhost')).rejects.toThrow(
        /Clock skew too great/,
      );
    } finally {
      world.clock.kdc = world.clock.tenant = 0;
    }
  });

  it('is seen as over by klist once kdestroy removed it, and by the device', async () => {
    const at = await world.join('destroyed');
    await world.signIn(at);
    await mit(at.ccache, 'kdestroy');
    await expect(mit(at.ccache, 'klist', '-s')).rejects.toThrow();
    expect(listTickets({ stateDir: at.stateDir }).tickets).toEqual([]);
  });
});
