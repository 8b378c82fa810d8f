/**
 * Hardware keys through Debian's fido2-token, fido2-cred and fido2-assert: with no key plugged in, and with a software
 * key in the place of USB, so that tools and library are real down to the 64-byte reports.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { listHardwareKeys, openHardwareKey } from '@kennel/security-key';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { behavesAsHardwareKey } from '../../packages/security-key/src/hardware/behaviour.ts';
import { runTool } from '../../packages/security-key/src/hardware/tool.ts';
import { CTAP_NAMES, LIBRARY_NAMES } from '../../packages/security-key/src/hardware/tool-error.ts';
import { failure, useKeyHome } from '../../packages/security-key/src/software/testing.ts';
import { KENNEL, kennel } from '../support/kennel.ts';
import { missing, withPeers } from '../support/peers.ts';
import { compileUsbKey, toolsWithKeys } from '../support/usb-key.ts';

describe('with no key plugged in', () => {
  const it = withPeers('fido2Tools');

  it('lists what the system sees, and says what to do', async () => {
    const nowhere = '/dev/hidraw-of-nobody';
    expect((await listHardwareKeys()).map(({ path }) => path)).not.toContain(nowhere);
    const key = await openHardwareKey(nowhere);
    await expect(key.info()).rejects.toEqual(failure('key-unreachable', /plugged in/));
    await expect(key.setPin('2580')).rejects.toEqual(failure('key-unreachable'));
    await expect(key.pinRetries()).rejects.toEqual(failure('key-unreachable'));
    await key.close();
  });

  it('knows every error that the library has a name for', () => {
    const linked = execFileSync('sh', ['-c', 'ldd "$(command -v fido2-token)"'], { encoding: 'utf8' });
    const library = /libfido2\.so\.\d+ => (\S+)/.exec(linked)?.[1] ?? '';
    const names = new Set(readFileSync(library, 'latin1').match(/\bFIDO_ERR_[A-Z0-9_]+(?=\0)/g));
    names.delete('FIDO_ERR_SUCCESS');
    expect(names.size).toBeGreaterThan(50);
    const known = new Set([...CTAP_NAMES.keys(), ...LIBRARY_NAMES.keys()]);
    expect([...names].filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('with a software key in the place of USB', () => {
  const peers = ['fido2Tools', 'compiler'] as const;
  const it = withPeers(...peers);
  const home = useKeyHome();
  let built = '';
  let library = '';
  beforeAll(() => {
    built = mkdtempSync(join(tmpdir(), 'kennel-usb-'));
    if (missing(peers).length === 0) library = compileUsbKey(built);
  });
  afterAll(() => rmSync(built, { recursive: true }));
  const tools = (plugged: readonly string[]) => toolsWithKeys(home.home(), library, plugged);

  behavesAsHardwareKey(it, home, tools);

  it('shows no PIN in the trace that is read for the credential’s id', async () => {
    await home.serve();
    const { socketPath } = home.paths();
    const toolDirectory = tools([socketPath]);
    const pin = 'correct horse';
    const key = await openHardwareKey(socketPath, { toolDirectory });
    await key.setPin(pin);
    const hash = new Uint8Array(32);
    const request = { rpId: 'kennel.test', clientDataHash: hash, pin };
    await key.makeCredential({
      ...request,
      userHandle: Buffer.from('alice'),
      userName: 'alice',
      algorithms: [-7],
      residentKey: true,
    });
    const { stderr } = await runTool(
      {
        tool: 'fido2-assert',
        arguments: ['-G', '-r', '-d', '-v', socketPath],
        input: [Buffer.from(hash).toString('base64'), 'kennel.test'],
        pins: { PIN: pin },
      },
      { toolDirectory, answerTimeout: 20_000, touchTimeout: 20_000 },
    );
    const shown = stderr.replaceAll(/\n\d+: /g, ' ').replaceAll(/\s/g, '');
    expect(shown).toContain(Buffer.from('kennel.test').toString('hex')); // the dumps are there
    const digest = createHash('sha256').update(pin).digest();
    expect(shown).not.toContain(Buffer.from(pin).toString('hex'));
    expect(shown).not.toContain(digest.subarray(0, 16).toString('hex'));
    expect(stderr).not.toContain(pin);
  });

  it('serves the command line, which asks for no PIN at the terminal that it was given in a file', async () => {
    await home.serve();
    const { socketPath } = home.paths();
    const env = {
      KENNEL_HOME: join(home.home(), 'kennel'),
      PATH: `${tools([socketPath])}:${process.env.PATH}`,
    };
    const pin = ['--pin-file', join(home.home(), 'pin')];
    writeFileSync(join(home.home(), 'pin'), '271828\n');
    const done = async (...args: string[]) => {
      const result = await kennel([...args, '--json'], env);
      expect(result, result.stdout + result.stderr).toMatchObject({ exitCode: 0 });
      return result.json;
    };
    expect(await done('key', 'devices')).toEqual([
      [{ path: socketPath, vendorId: 0, productId: 0, name: 'Kennel Software key' }],
    ]);
    await done('key', 'set-pin', ...pin); // a hardware key is the default where there is no software key
    expect(await done('key', 'info', '--key', 'hardware')).toMatchObject([
      { clientPinSet: true, pinRetries: 8 },
    ]);
    const key = await openHardwareKey(socketPath, { toolDirectory: tools([socketPath]) });
    const made = await key.makeCredential({
      rpId: 'kennel.test',
      userHandle: Buffer.from('alice'),
      userName: 'alice',
      clientDataHash: new Uint8Array(32),
      algorithms: [-7],
      residentKey: true,
      pin: '271828',
    });
    const id = Buffer.from(made.credentialId).toString('base64url');
    const [listed] = await done('key', 'credentials', 'list', ...pin);
    expect(listed).toEqual([{ id, rpId: 'kennel.test', userHandle: 'YWxpY2U' }]);

    const command = [process.execPath, KENNEL, 'key', 'credentials', 'delete', id, ...pin];
    // In a terminal of its own, and not blocking: the software key answers from this very process.
    const { stdout: shown } = await promisify(execFile)('script', ['-qec', command.join(' '), '/dev/null'], {
      env: { ...process.env, ...env },
      timeout: 20_000,
    });
    expect(shown).toMatch(/^The credential is deleted/);
    expect(shown).not.toContain('Enter PIN');
    expect((await done('key', 'credentials', 'list', ...pin))[0]).toEqual([]);
    const wrong = await kennel(['key', 'credentials', 'list', '--pin-file', '/dev/null', '--json'], env);
    expect(wrong.exitCode).toBe(2);
  });
});
