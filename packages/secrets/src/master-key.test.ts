/** The master key's file: made once, private, and refused when it is not. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMasterKey, loadMasterKey, masterKeyFile } from './index.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kennel-secrets-'));
  path = join(dir, 'master.key');
});
afterEach(() => rmSync(dir, { recursive: true }));

test('a key that was made is read back, and its file is for its owner alone', () => {
  const made = createMasterKey(path);
  const loaded = loadMasterKey(path);
  expect(loaded.id).toBe(made.id);
  expect(loaded.key.equals(made.key)).toBe(true);
  expect(loaded.key.symmetricKeySize).toBe(32);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('two keys differ, and the id is no part of the key', () => {
  const made = createMasterKey(path);
  expect(createMasterKey(join(dir, 'other.key')).id).not.toBe(made.id);
  expect(Buffer.from(readFileSync(path, 'latin1'), 'base64').toString('hex')).not.toContain(made.id);
});

test('a key is never replaced', () => {
  createMasterKey(path);
  const before = readFileSync(path);
  expect(() => createMasterKey(path)).toThrowError(expect.objectContaining({ code: 'master-key-exists' }));
  expect(readFileSync(path)).toEqual(before);
});

test.each([0o640, 0o604, 0o660, 0o601])('mode %o is refused: others can reach the key', (mode) => {
  createMasterKey(path);
  chmodSync(path, mode);
  expect(() => loadMasterKey(path)).toThrowError(expect.objectContaining({ code: 'master-key-exposed' }));
});

test('a missing, truncated, oversized or strange file is told apart from a wrong key', () => {
  expect(() => loadMasterKey(path)).toThrowError(expect.objectContaining({ code: 'master-key-missing' }));
  createMasterKey(path);
  for (const spoil of [
    () => truncateSync(path, 20),
    () => truncateSync(path, 0),
    () => writeFileSync(path, 'x'.repeat(10_000)),
    () => writeFileSync(path, `${'A'.repeat(42)}*=\n`),
  ]) {
    spoil();
    expect(() => loadMasterKey(path)).toThrowError(expect.objectContaining({ code: 'master-key-malformed' }));
  }
});

test('the environment may name another place', () => {
  expect(masterKeyFile('/var/lib/kennel', {})).toBe('/var/lib/kennel/master.key');
  expect(masterKeyFile('/var/lib/kennel', { KENNEL_MASTER_KEY_FILE: '/run/key' })).toBe('/run/key');
});
