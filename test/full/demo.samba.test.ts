/** The demo on a real Samba AD domain controller, to the file on the share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import { kennel } from '../support/kennel.ts';
import { withPeers } from '../support/peers.ts';

const folder = mkdtempSync(join(tmpdir(), 'kennel-demo-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('kennel demo --samba', () => {
  const it = withPeers('samba', 'namespaces', 'smbclient');
  it.each([
    ['joined', []],
    ['hybrid joined', ['--hybrid']],
  ] as const)('reads a file from the share on a %s device', async (_, more) => {
    const { exitCode, json, stdout } = await kennel(
      ['demo', '--once', '--samba', ...more, '--json', '--home', join(folder, 'demo')],
      {},
    );
    expect(exitCode, stdout).toBe(0);
    expect(json.find(({ step }) => step === 'file-share')).toMatchObject({
      ok: true,
      text: expect.stringContaining('The plan: no more passwords.'),
    });
  });
});
