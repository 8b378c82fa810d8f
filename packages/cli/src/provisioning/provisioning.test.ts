/** The files of a batch: what is read, what is refused, and what an interruption leaves. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { csvLine, parseCsv, readBatch } from './csv.ts';
import { ResultFile } from './results.ts';

const dir = mkdtempSync(join(tmpdir(), 'kennel-batch-'));
afterAll(() => rmSync(dir, { recursive: true }));
const fileOf = (text: string) => {
  const file = join(dir, 'people.csv');
  writeFileSync(file, text);
  return file;
};

it('reads what it writes, whatever is in it', () => {
  const field = fc.string({ unit: fc.constantFrom('a', 'ü', '"', ',', '\n', '\r', ' ', '-'), minLength: 1 });
  fc.assert(
    fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 }), (rows) => {
      const safe = (one: string) => (/^[=+\-@\t\r]/.test(one) ? `'${one}` : one);
      expect(parseCsv(rows.map(csvLine).join(''))).toEqual(rows.map((row) => row.map(safe)));
    }),
  );
});

it('finds the columns by name, whatever the program that wrote them', () => {
  const file = fileOf('\uFEFFDepartment,User,displayName\r\nA,alice,"Blue ""one"""\r\n\r\nB,bob,\r\n');
  expect(readBatch(file, 'Security key')).toEqual([
    { line: 2, user: 'alice', displayName: 'Blue "one"' },
    { line: 3, user: 'bob', displayName: 'Security key' },
  ]);
});

it.each([
  ['name\nalice\n', /no column "user"/],
  ['user\nalice\nALICE\n', /line 3: ALICE stands there twice/],
  ['user,displayName\n ,x\n', /there is no user/],
  ['user\n"alice\n', /within quotes/],
  ['user\n"alice"x\n', /behind quotes/],
])('refuses %j', (text, message) => {
  expect(() => readBatch(fileOf(text), 'k')).toThrow(message);
});

it('keeps each step, for its owner alone, and goes on from it', () => {
  const path = join(dir, 'keys.csv');
  const first = new ResultFile(path);
  first.keep({ user: 'alice', state: 'pin-chosen', pin: '01234567', displayName: '=SUM(A1)' });
  first.keep({ user: 'bob', state: 'failed', error: 'key-not-fresh' });
  first.keep({ user: 'alice', state: 'made', pin: '01234567', credentialId: '-_x', displayName: '=SUM(A1)' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, 'utf8')).toContain("'=SUM(A1)");
  const again = new ResultFile(path);
  expect(again.all).toEqual([
    { user: 'alice', state: 'made', pin: '01234567', credentialId: '-_x', displayName: '=SUM(A1)' },
    { user: 'bob', state: 'failed', error: 'key-not-fresh' },
  ]);
  expect(again.of('ALICE')?.state).toBe('made');
  expect(() => new ResultFile(fileOf('user\nalice\n'))).toThrow(/no result file/);
});
