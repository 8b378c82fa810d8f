/** Keys of a device in a TPM 2.0 (swtpm, driven through tpm2-tools): joined with, signed in with, gone, back, and cleared. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinDevice, leaveDevice, readStatus, renewPrt } from '@kennel/device';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startProxy } from '../../packages/device/test/proxy.ts';
import { contents, failing, PIN, startWorld, type World } from '../../packages/device/test/world.ts';
import { missing, withPeers } from '../support/peers.ts';
import { type SoftwareTpm, startSwtpm } from '../support/swtpm.ts';

describe('a device whose keys lie in a TPM', () => {
  const it = withPeers('swtpm');
  let world: World;
  let tpm: SoftwareTpm;
  let at: { stateDir: string; ccache: string };
  const before = { ...process.env };
  /** Where the tools hand things to each other: for this test alone. */
  let scratch: string;

  beforeAll(async () => {
    if (missing(['swtpm']).length > 0) return;
    world = await startWorld();
    tpm = await startSwtpm();
    scratch = join(world.home, 'scratch');
    mkdirSync(scratch);
    Object.assign(process.env, { TPM2TOOLS_TCTI: tpm.tcti, TMPDIR: scratch });
    at = world.device('tpm');
  });
  afterAll(async () => {
    process.env = before;
    await tpm?.close();
    await world?.close();
  });

  const join2 = (keyStore: 'auto' | 'tpm' | 'software', { stateDir } = at) =>
    joinDevice({ stateDir, tenantUrl: world.url, caFile: world.caFile, key: world.key, pin: PIN, keyStore });
  const record = () => JSON.parse(readFileSync(join(at.stateDir, 'device.json'), 'utf8'));
  const provider = () => {
    const status = readStatus(at.stateDir);
    return status.joined && status.device.keyProvider;
  };

  it('joins with keys that the TPM made, and a user signs in', async () => {
    await join2('auto');
    expect(provider()).toBe('tpm');
    const { keys, device } = record();
    expect(Object.keys(keys)).toEqual(['tpm']);
    const certified = new X509Certificate(Buffer.from(device.certificate, 'base64')).publicKey;
    expect(certified.export({ format: 'der', type: 'spki' }).toString('base64')).toBe(keys.tpm.device.spki);
    expect((await world.signIn(at)).ticket.state).toBe('full');
    // Two at once: the TPM does one thing after the other.
    const both = await Promise.all([world.signIn(at), world.signIn(at)]);
    expect(both.map(({ ticket }) => ticket.state)).toEqual(['full', 'full']);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('stopped in the middle of a sign-in, it loses nothing and works again when it is back', async () => {
    const kept = contents(at.stateDir);
    const stopped = world.signIn(at, { onStep: ({ name }) => name === 'nonce' && void tpm.stop() });
    await expect(stopped).rejects.toThrow(failing('tpm-unreachable'));
    expect(contents(at.stateDir)).toEqual(kept);
    // A renewal is under the session key, and needs no key of the device.
    expect((await renewPrt({ stateDir: at.stateDir })).ticket.state).toBe('full');
    await tpm.start();
    expect((await world.signIn(at)).ticket.state).toBe('full');
  });

  it('a session key for another device is refused, and the TPM goes on', async () => {
    const proxy = await startProxy(world);
    try {
      const through = world.device('foreign');
      await join2('tpm', through);
      proxy.intercept(through.stateDir);
      proxy.alterPrt = (text) =>
        JSON.stringify({ ...JSON.parse(text), session_key_jwe: proxy.foreignSessionKey });
      await expect(world.signIn(through)).rejects.toThrow(failing('tenant-answer-foreign'));
      proxy.reset();
      expect((await world.signIn(through)).ticket.state).toBe('full');
    } finally {
      await proxy.close();
    }
  });

  it('deletes itself at the tenant by a signature of the TPM', async () => {
    const leaving = world.device('leaving');
    await join2('tpm', leaving);
    expect(await leaveDevice({ stateDir: leaving.stateDir })).toMatchObject({ deleted: true });
  });

  it('moves to keys in software and back by joining again', async () => {
    await join2('software');
    expect(provider()).toBe('software');
    expect((await world.signIn(at)).ticket.state).toBe('full');
    await join2('tpm');
    expect(provider()).toBe('tpm');
    expect((await world.signIn(at)).ticket.state).toBe('full');
  });

  it('cleared, it says that the keys are lost; the device leaves and joins anew', async () => {
    tpm.clear();
    await expect(world.signIn(at)).rejects.toThrow(failing('tpm-keys-lost'));
    const left = await leaveDevice({ stateDir: at.stateDir });
    expect(left).toMatchObject({ deleted: false, next: expect.stringContaining('kennel device delete') });
    await join2('tpm');
    expect((await world.signIn(at)).ticket.state).toBe('full');
  });

  it('is not there: asked for by name that is an error, else the keys are software', async () => {
    const { PATH = '' } = process.env;
    const none = world.device('none');
    try {
      process.env.PATH = '/nonexistent';
      await expect(join2('tpm', none)).rejects.toThrow(failing('tpm-missing'));
      await expect(world.signIn(at)).rejects.toThrow(failing('tpm-unreachable'));
      expect(await join2('auto', none)).toMatchObject({ device: { keyProvider: 'software' } });
    } finally {
      process.env.PATH = PATH;
    }
  });
});
