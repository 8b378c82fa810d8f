/**
 * Hardware keys through Debian's fido2-token, fido2-cred and fido2-assert: with no key plugged in, and with a software
 * key in the place of USB, so that tools and library are real down to the 64-byte reports.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listHardwareKeys, openHardwareKey } from '@kennel/security-key';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { behavesAsHardwareKey } from '../../packages/security-key/src/hardware/behaviour.ts';
import { runTool } from '../../packages/security-key/src/hardware/tool.ts';
import { CTAP_NAMES, LIBRARY_NAMES } from '../../packages/security-key/src/hardware/tool-error.ts';
import { failure, useKeyHome } from '../../packages/security-key/src/software/testing.ts';
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
});
