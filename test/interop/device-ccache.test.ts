/** MIT's programs use the ticket cache and the krb5.conf that a device writes. */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import {
  exportKirbi,
  krb5Conf,
  listTickets,
  renewPrt,
  signOut,
  writeKrb5Snippet,
} from '../../packages/device/src/index.ts';
import { startWorld, type World } from '../../packages/device/test/world.ts';
import { decodeCcache, encodeCcache } from '../../packages/kerberos/src/index.ts';
import { kennel } from '../support/kennel.ts';
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
    const { kdc, directory } = world.domain;
    config = join(world.home, 'krb5.conf');
    writeFileSync(config, krb5Conf({ realm: directory.realm, kdc, hosts: ['localhost'] }));
  });
  afterAll(() => world?.close());

  const mit = (ccache: string, program: string, ...args: string[]) =>
    mitAt(`FILE:${ccache}`, config, program, ...args);
  const mitAt = async (name: string, conf: string, program: string, ...args: string[]) => {
    const env = { ...process.env, KRB5_CONFIG: conf, KRB5CCNAME: name, TZ: 'UTC', LC_ALL: 'C' };
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

  it("holds an administrator account's ticket beside the user's own, in a folder (DIR)", async () => {
    const { stateDir } = await world.join('folder');
    const folder = `DIR:${join(world.home, 'caches')}`;
    const admin = await world.enrol('adm-alice');
    const at = { stateDir, ccache: folder };
    const klist = (...args: string[]) => mitAt(folder, config, 'klist', ...args);
    const [own, other] = [await world.signIn(at), await world.signIn(at, { key: admin.key })];
    expect([own.ticket.state, other.ticket.state]).toEqual(['full', 'full']);
    const all = await klist('-A');
    for (const name of ['alice', 'adm-alice'])
      expect(all).toContain(`Default principal: ${name}@CORP.EXAMPLE.COM`);
    expect(await klist()).toContain('Default principal: adm-alice@'); // the last to sign in
    // A renewal leaves alone which of them programs use; a sign-in does not.
    await mitAt(folder, config, 'kswitch', '-p', 'alice@CORP.EXAMPLE.COM');
    await renewPrt({ stateDir, user: 'adm-alice@corp.example.com' });
    expect(await klist()).toContain('Default principal: alice@');
    expect(await mitAt(folder, config, 'kvno', 'HTTP/localhost')).toContain('kvno = 1');
    expect(readdirSync(join(world.home, 'caches')).sort()).toEqual([
      'primary',
      expect.stringMatching(/^tkt/),
      expect.stringMatching(/^tkt/),
    ]);
    await world.signIn(at, { key: admin.key });
    expect(await klist()).toContain('Default principal: adm-alice@');
    const env = { KENNEL_HOME: join(world.home, 'cli') };
    mkdirSync(env.KENNEL_HOME);
    symlinkSync(stateDir, join(env.KENNEL_HOME, 'device'));
    const listed = (await kennel(['tickets'], env)).stdout;
    expect(listed).toMatch(/adm-alice@CORP\.EXAMPLE\.COM .*caches\/tkt/);
    expect(listed).toMatch(/ alice@CORP\.EXAMPLE\.COM .*caches\/tkt/);
    signOut({ stateDir, user: 'adm-alice@corp.example.com' });
    expect(await klist('-A')).not.toContain('adm-alice');
    expect(await klist('-A')).toContain('Default principal: alice@');
  });

  it('is not written into a folder that others can write to', async () => {
    const open = join(world.home, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const { stateDir } = await world.join('exposed');
    const { ticket } = await world.signIn({ stateDir, ccache: `DIR:${open}` });
    expect(ticket).toMatchObject({ state: 'none', code: 'ccache-unwritable' });
    expect(readdirSync(open)).toEqual([]);
  });

  it('finds the realm by a snippet in an include directory', async () => {
    const at = await world.join('included');
    await world.signIn(at);
    const [include, main] = [join(world.home, 'krb5.conf.d'), join(world.home, 'main.conf')];
    writeFileSync(main, `[libdefaults]\n    default_realm = OTHER.TEST\n    dns_lookup_kdc = false\n`);
    expect(writeKrb5Snippet(at.stateDir, include, main)).toMatchObject({
      realms: ['CORP.EXAMPLE.COM'],
      included: false,
    });
    const kvno = () => mitAt(`FILE:${at.ccache}`, main, 'kvno', 'HTTP/localhost@CORP.EXAMPLE.COM');
    await expect(kvno()).rejects.toThrow(/Cannot find KDC/);
    writeFileSync(main, `includedir ${include}\n${readFileSync(main, 'utf8')}`);
    expect(writeKrb5Snippet(at.stateDir, include, main)).toMatchObject({ included: true });
    expect(await kvno()).toContain('kvno = 1');
    expect(statSync(join(include, 'kennel.conf')).mode & 0o777).toBe(0o644);
  });

  withPeers('mit', 'impacket')(
    'is read as a .kirbi by impacket, and what it makes of it by MIT',
    async () => {
      const at = await world.join('kirbi');
      await world.signIn(at);
      const kirbi = join(world.home, 'alice.kirbi');
      expect(exportKirbi({ stateDir: at.stateDir, path: kirbi })).toMatchObject({
        principal: 'alice@CORP.EXAMPLE.COM',
      });
      expect(statSync(kirbi).mode & 0o777).toBe(0o600);
      const made = join(world.home, 'made.ccache');
      const script = new URL('peers/from_kirbi.py', import.meta.url).pathname;
      await run('/usr/bin/python3', [script, kirbi, made], { timeout: 20_000 });
      expect(await mit(made, 'klist', '-f')).toContain('Default principal: alice@CORP.EXAMPLE.COM');
      expect(await mit(made, 'kvno', 'HTTP/localhost')).toContain('kvno = 1');
      signOut({ stateDir: at.stateDir });
      expect(() => exportKirbi({ stateDir: at.stateDir, path: kirbi })).toThrow(
        expect.objectContaining({ code: 'not-signed-in' }),
      );
    },
  );

  it('is seen as over by klist once kdestroy removed it, and by the device', async () => {
    const at = await world.join('destroyed');
    await world.signIn(at);
    await mit(at.ccache, 'kdestroy');
    await expect(mit(at.ccache, 'klist', '-s')).rejects.toThrow();
    expect(listTickets({ stateDir: at.stateDir }).tickets).toEqual([]);
  });
});
