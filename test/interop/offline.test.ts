/**
 * A machine on its way: signed in at the office, switched off, on again where neither tenant nor domain controller
 * answers; over when it was away too long; and stopped at the first contact after its user was removed. Through the
 * command and the agent as processes, with the tenant really gone.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinDevice, unlock } from '../../packages/device/src/index.ts';
import { removeBootKey } from '../../packages/device/src/state/boot-key.ts';
import { readDevice } from '../../packages/device/src/state/device.ts';
import { PIN, startWorld, type World } from '../../packages/device/test/world.ts';
import { jsonLines, kennel, startKennel, stopProcess } from '../support/kennel.ts';

const DAYS = 86_400_000;

describe('a machine that is away from its tenant', () => {
  let world: World;
  let env: Record<string, string>;
  let stateDir: string;
  let ccache: string;
  let agent: ChildProcess | undefined;
  let pinFile: string[];
  beforeAll(async () => {
    world = await startWorld();
    const home = join(world.home, 'machine');
    stateDir = join(home, 'device');
    ccache = join(world.home, 'tickets');
    pinFile = ['--pin-file', join(world.home, 'pin')];
    writeFileSync(join(world.home, 'pin'), `${PIN}\n`, { mode: 0o600 });
    const { url: tenantUrl, caFile, key } = world;
    await joinDevice({ stateDir, tenantUrl, caFile, key, pin: PIN });
    env = {
      KENNEL_HOME: home,
      KENNEL_SECURITY_KEY: join(world.home, 'alice.sock'),
      KRB5CCNAME: `FILE:${ccache}`,
    };
  }, 120_000);
  afterAll(async () => {
    if (agent !== undefined) await stopProcess(agent);
    await world.close();
  });

  /** Off and on: what lay in memory is gone. */
  const restart = () => {
    removeBootKey(stateDir, readDevice(stateDir).device.id);
    rmSync(ccache, { force: true });
  };
  const signIn = (...more: string[]) => kennel(['signin', '--json', ...pinFile, ...more], env);
  const status = async () => (await kennel(['device', 'status', '--json'], env)).json[0];

  it('signs in at the office, and says until when it will do without', async () => {
    const { host, port } = world.domain.kdc;
    const { exitCode, json, stderr } = await signIn('--kdc', `${host}:${port}`);
    expect(exitCode, stderr).toBe(0);
    expect(json[0]).toMatchObject({
      mode: 'online',
      offline: { available: true },
      ticket: { state: 'full' },
    });
    const [doctor] = (await kennel(['doctor', '--json'], env)).json;
    for (const check of ['device.memory', 'device.offline']) {
      expect(doctor).toMatchObject({
        findings: expect.arrayContaining([expect.objectContaining({ check, outcome: 'ok' })]),
      });
    }
  });

  it('signs in where nothing answers: the token and the ticket are back', async () => {
    await world.stopTenant();
    await world.stopDomain();
    restart();
    expect(await status()).toMatchObject({ users: [{ locked: true, prt: { valid: false } }] });
    const { exitCode, json, stderr } = await signIn();
    expect(exitCode, stderr).toBe(0);
    expect(json[0]).toMatchObject({ mode: 'offline', ticket: { state: 'full', ccache } });
    expect(existsSync(ccache)).toBe(true);
    expect(await status()).toMatchObject({ users: [{ locked: false, prt: { valid: true } }] });
  });

  it('is over after seven days', async () => {
    const now = () => new Date(Date.now() + 8 * DAYS);
    await expect(unlock({ stateDir, key: world.key, pin: PIN, now })).rejects.toMatchObject({
      code: 'offline-expired',
    });
  });

  it('a removed key stops at the first contact, which the agent makes by itself', async () => {
    await world.startTenant();
    const [key] = await world.admin.keys.list(world.alice.id);
    await world.admin.keys.remove(world.alice.id, key?.id ?? '');
    agent = startKennel(['agent', '--json', '--socket', join(world.home, 'run', 'agent.sock')], env);
    let told = '';
    agent.stdout?.on('data', (chunk) => {
      told += chunk;
    });
    await expect
      .poll(() => jsonLines(told), { timeout: 40_000 })
      .toContainEqual(expect.objectContaining({ event: 'gave-up', code: 'key-removed' }));
    expect(await status()).toMatchObject({ offline: [] });
    const again = await signIn('--offline');
    expect(again).toMatchObject({ exitCode: 68, json: [{ error: { code: 'offline-no-cache' } }] });
  });
});
