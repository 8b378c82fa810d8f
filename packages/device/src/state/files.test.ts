/** State files: whole or not at all, private, and never overwritten when they cannot be understood. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { failing } from '../../test/world.ts';
import { ensureStateDir, readState, replaceFile, writeState } from './files.ts';

let dir: string;
let path: string;
const schema = z.strictObject({ name: z.string() });
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kennel-state-'));
  path = join(dir, 'a.json');
});
afterEach(() => rmSync(dir, { recursive: true }));

test('what is written is read back; nothing is found where nothing is', () => {
  expect(readState(path, schema)).toBeUndefined();
  writeState(path, { name: 'a' });
  writeState(path, { name: 'b' });
  expect(readState(path, schema)).toEqual({ name: 'b' });
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ version: 1, name: 'b' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toEqual(['a.json']);
});

test('a file that others could read is replaced by one that they cannot', () => {
  writeFileSync(path, 'open', { mode: 0o644 });
  replaceFile(path, 'closed');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a link is replaced, not followed', () => {
  const elsewhere = join(dir, 'elsewhere');
  writeFileSync(elsewhere, 'precious');
  symlinkSync(elsewhere, path);
  replaceFile(path, 'new');
  expect(readFileSync(elsewhere, 'utf8')).toBe('precious');
  expect(readFileSync(path, 'utf8')).toBe('new');
});

test('a file that cannot be replaced leaves nothing beside it', () => {
  mkdirSync(path);
  expect(() => replaceFile(path, 'x')).toThrow();
  expect(readdirSync(dir)).toEqual(['a.json']);
  expect(() => writeState(join(dir, 'missing', 'a.json'), { name: 'a' })).toThrow(
    failing('state-unwritable'),
  );
});

test.each([
  ['state-damaged', ''],
  ['state-damaged', '{"version":1,"name":"a"'],
  ['state-damaged', '{"version":1}'],
  ['state-damaged', '{"version":1,"name":1}'],
  ['state-damaged', '{"version":1,"name":"a","more":1}'],
  ['state-damaged', '{"name":"a"}'],
  ['state-damaged', '{"version":0,"name":"a"}'],
  ['state-damaged', 'null'],
  ['state-damaged', '[]'],
  ['state-damaged', `"${'x'.repeat(2_000_000)}"`],
  ['state-newer', '{"version":2,"name":"a"}'],
  ['state-newer', '{"version":2,"shape":{"of":"tomorrow"}}'],
])('%s: %.40s', (code, text) => {
  writeFileSync(path, text);
  expect(() => readState(path, schema)).toThrow(failing(code));
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('the directory is made for its owner alone, and refused where others can reach it', () => {
  const state = join(dir, 'kennel', 'device');
  ensureStateDir(state);
  expect(statSync(state).mode & 0o777).toBe(0o700);
  ensureStateDir(state);
  chmodSync(state, 0o750);
  expect(() => ensureStateDir(state)).toThrow(failing('state-dir-exposed'));
  expect(statSync(state).mode & 0o777).toBe(0o750);
  writeFileSync(path, '');
  expect(() => ensureStateDir(path)).toThrow(failing('state-unwritable'));
});
