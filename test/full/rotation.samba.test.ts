/**
 * What takes long about the key of a Kerberos server: `create` and `rotate` killed at every step and at many moments in
 * between, under continuous sign-ins on two controllers; a controller that dies in the middle; one that is read-only.
 */
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { missing, withPeers } from '../support/peers.ts';
import { type RotationLab, startRotationLab } from '../support/rotation.ts';

const PEERS = ['samba', 'namespaces'] as const;
/** Two controllers on a machine that has other work, milliseconds. */
const START = 300_000;

describe('a Kerberos server on two controllers', () => {
  const it = withPeers(...PEERS);
  let lab: RotationLab;

  beforeAll(async () => {
    if (missing(PEERS).length === 0) lab = await startRotationLab();
  }, START);
  afterAll(() => lab?.stop());

  const shown = async () => (await lab.command('get')).json[0] ?? {};
  const inStep = async () => {
    const all = await shown();
    expect(all).toMatchObject({
      verdict: 'in-step',
      CloudKeyVersion: all.KeyVersion,
      CloudPendingKeyVersion: null,
    });
    return Number(all.KeyVersion);
  };
  const objectsThere = (filter: string) => lab.domain.directory.search({ filter, attributes: ['cn'] });

  it('is completed, whatever step its creation was killed at', async () => {
    for (let line = -1; line < 4; line++) {
      const at = line < 0 ? { milliseconds: 700 } : { line };
      await lab.killed(at, 'create');
      const again = await lab.command('create');
      expect(again, `killed at ${JSON.stringify(at)}: ${again.stdout}${again.stderr}`).toMatchObject({
        exitCode: 0,
      });
      await inStep();
      expect(await objectsThere('(&(objectClass=user)(cn=krbtgt_AzureAD))')).toHaveLength(1);
      expect(await objectsThere('(&(objectClass=computer)(cn=AzureADKerberos))')).toHaveLength(1);
      expect(
        await objectsThere(
          '(&(objectClass=serviceConnectionPoint)(cn=900274c4-b7d2-43c8-90ee-00a9f650e335))',
        ),
      ).toHaveLength(1);
      await lab.dc2.pull();
      expect(await lab.command('verify', 'alice')).toMatchObject({ exitCode: 0, json: [{ failed: 0 }] });
      // Killed in its removal, it is removed when that is run again.
      await lab.killed({ line: Math.max(0, line) }, 'remove', '--yes');
      expect(await lab.command('remove', '--yes')).toMatchObject({ exitCode: 0 });
      expect(await shown()).toMatchObject({ verdict: 'absent-in-domain', Id: null, CloudId: null });
      await lab.dc2.pull();
    }
  });

  it('loses no sign-in, whatever moment its rotation was killed at', async () => {
    expect(await lab.command('create')).toMatchObject({ exitCode: 0 });
    await lab.dc2.pull();
    const people = lab.keepSigningIn();
    const moments = [
      ...[0, 1, 2, 3, 4].map((line) => ({ line })),
      ...[900, 1100, 1300, 1500, 1700, 1900, 2200, 2600].map((milliseconds) => ({ milliseconds })),
    ];
    for (const at of moments) {
      const before = await inStep();
      await lab.killed(at, 'rotate', '--force');
      const again = await lab.command('rotate', '--force', '--wait', '120');
      expect(again, `killed at ${JSON.stringify(at)}: ${again.stdout}${again.stderr}`).toMatchObject({
        exitCode: 0,
      });
      const after = await inStep();
      expect(after - before).toBeGreaterThan(0);
      expect(after - before).toBeLessThanOrEqual(2); // two where the first had come to its end
    }
    const went = await people.stop();
    expect(went.filter(({ state }) => state !== 'full')).toEqual([]);
    expect(went.length).toBeGreaterThan(50);
  });

  it('says so when the controller dies in the middle, and goes on when it is back', async () => {
    const before = await inStep();
    await lab.dc2.holdReplication();
    const rotating = lab.command('rotate', '--force', '--wait', '20');
    while (Number((await lab.tenant.admin.kerberosDomains.list())[0]?.pendingKeyVersion ?? 0) === 0)
      await new Promise((done) => setTimeout(done, 50));
    await lab.dc2.pause();
    expect(await rotating).toMatchObject({ exitCode: 54, json: [{ error: { code: 'rotation-waits' } }] });
    await lab.dc2.resume();
    await lab.dc2.releaseReplication();
    await lab.dc2.pull();
    expect(await lab.command('rotate')).toMatchObject({ exitCode: 0, json: [{ keyVersion: before + 1 }] });
  });

  it('gets no key from a controller that is behind: two of one version would be the end of one of them', async () => {
    const { domain, dc2 } = lab;
    const before = await inStep();
    await dc2.holdReplication();
    expect(await lab.command('rotate', '--force', '--without', dc2.fqdn)).toMatchObject({
      exitCode: 0,
      json: [{ keyVersion: before + 1 }],
    });
    await domain.pause();
    try {
      const alone = await lab.command('rotate', '--force', '--dc', dc2.address, '--without', domain.fqdn);
      expect(alone).toMatchObject({ exitCode: 54, json: [{ error: { code: 'rotation-waits' } }] });
      expect(alone.stdout).toContain(`The tenant signs with version ${before + 1}`);
    } finally {
      await domain.resume();
    }
    const asked = await lab.command('rotate', '--force', '--dc', dc2.address, '--wait', '1');
    expect(asked).toMatchObject({ exitCode: 54 });
    expect(asked.stderr).toContain(`${domain.fqdn} made version ${before + 2}`);
    await dc2.releaseReplication();
    await dc2.pull();
    expect(await lab.command('rotate')).toMatchObject({ exitCode: 0, json: [{ keyVersion: before + 2 }] });
  });

  it('is not asked of a read-only controller, which is shown for what it is', async () => {
    const rodc = await lab.domain.addController('rodc1', { readOnly: true });
    const alone = await lab.command('get', '--dc', rodc.address);
    expect(alone).toMatchObject({ exitCode: 39, json: [{ error: { code: 'dc-lacking' } }] });
    expect(alone.stdout).toContain('WRITABLE');
    const { exitCode, json } = await lab.command('verify', 'alice');
    expect(exitCode).toBe(0);
    const [{ controllers } = {}] = json as { controllers?: { hostName: string }[] }[]; // as the command prints them
    expect(controllers?.find(({ hostName }) => hostName === rodc.fqdn)).toMatchObject({
      writable: false,
      redeemed: false,
      result: 'read-only: nobody redeems tickets here',
    });
  });
});
