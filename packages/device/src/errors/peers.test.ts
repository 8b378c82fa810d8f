/** The error table against the registries of those whose errors it names. */
import { readFileSync } from 'node:fs';
import { KRB_ERROR_CODES } from '@kennel/kerberos';
import { expect, test } from 'vitest';
import { DC_CASES } from '../../../lab/src/dc-answers/cases.ts';
import { DeviceError, plainText } from './device-error.ts';
import { DC_ERRORS, KEY_ERRORS, TENANT_SUBERRORS } from './peers.ts';
import { DEVICE_ERRORS } from './table.ts';

/** The tenant's registry is its own; its source names every code at the beginning of a line. */
function tenantCodes(): string[] {
  const source = readFileSync(new URL('../../../tenant/src/errors.ts', import.meta.url), 'utf8');
  return [...source.matchAll(/^ {2}'([a-z-]+)': \[\d{3}, /gm)].map(([, code]) => code ?? '');
}

test('what a device can meet at the tenant is told apart', () => {
  const met = tenantCodes().filter((code) =>
    /^(nonce-|assertion-|key-(un|rem|count)|device-(?!ca-)|join-(type|not)|user-dis|tgt-|prt-)/.test(code),
  );
  expect(met.length).toBeGreaterThan(25);
  expect(met.filter((code) => !Object.hasOwn(TENANT_SUBERRORS, code))).toEqual([]);
});

test('no entry is for a code that the tenant does not know', () => {
  const codes = tenantCodes();
  expect(Object.keys(TENANT_SUBERRORS).filter((code) => !codes.includes(code))).toEqual([]);
});

test('every refusal of the table of domain controller answers has an entry', () => {
  const refusals = DC_CASES.map(({ answer }) => answer).filter((answer) => !answer.startsWith('full TGT'));
  expect(refusals.length).toBeGreaterThan(10);
  for (const name of refusals) expect(DC_ERRORS, name).toHaveProperty(name);
});

test.each([
  [1, 'dc-account-expired'],
  [12, 'dc-account-disabled'],
  [18, 'dc-account-locked'],
  [20, 'dc-denied'],
  [23, 'dc-password-must-change'],
  [31, 'dc-key-unknown'],
  [32, 'dc-clock-skew'],
  [33, 'dc-clock-skew'],
  [35, 'dc-key-unknown'],
  [37, 'dc-clock-skew'],
  [44, 'dc-key-unknown'],
])('KRB-ERROR %i is %s', (number, code) => {
  const found = Object.entries(DC_ERRORS).find(
    ([name]) => Object.entries(KRB_ERROR_CODES).find(([, entry]) => entry.code === number)?.[0] === name,
  );
  expect(found?.[1]).toBe(code);
});

test('each error says what happened and what to do, in whole sentences', () => {
  const words = Object.entries(DEVICE_ERRORS).flatMap(([code, { message, next }]) => [
    [code, message],
    [code, next],
  ]);
  for (const [code, text] of words) expect(text, code).toMatch(/^[A-Z].{8,}\.$/);
  for (const code of Object.values(KEY_ERRORS)) expect(DEVICE_ERRORS).toHaveProperty(code);
});

test('what the table cannot know stands in brackets', () => {
  const error = new DeviceError('tenant-unreachable', { about: 'https://a.example: ECONNREFUSED' });
  expect(error.message).toBe('The tenant cannot be reached (https://a.example: ECONNREFUSED).');
  const more = error.with({ endpoint: 'x' });
  expect(more).toMatchObject({ message: error.message, next: error.next, details: { endpoint: 'x' } });
});

test('the words of a peer cannot steer a terminal', () => {
  expect(plainText('a\u001b[2Jb\r\nc\u202ed')).toBe('a [2Jb c d');
  expect(plainText('x'.repeat(1000))).toHaveLength(400);
});
