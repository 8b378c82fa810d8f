/** Every refusal has an exit code of its own, and the page is that of the table. */
import { readFileSync } from 'node:fs';
import { DEVICE_ERRORS } from '@kennel/device';
import { expect, it } from 'vitest';
import { EXIT_CODES, exitCodeOf, exitCodesPage } from './exit-codes.ts';

it('gives no code to two exits, and no exit twice', () => {
  const codes = EXIT_CODES.flatMap((row) => row.codes);
  expect(new Set(codes).size).toBe(codes.length);
  expect(new Set(EXIT_CODES.map(({ exit }) => exit)).size).toBe(EXIT_CODES.length);
});

/** What no script needs to tell apart: it ends with 1. */
const OTHERS = [
  'tenant-answer-malformed',
  'tenant-answer-foreign',
  'tenant-rp-id-foreign',
  'tenant-origin-unlisted',
  'tenant-failed',
  'tenant-refused',
  'registration-token-refused',
  'join-type-unsupported',
  'device-limit-reached',
  'join-not-allowed',
  'ccache-unwritable',
  'changed-meanwhile',
];

it.each(Object.keys(DEVICE_ERRORS).filter((code) => !OTHERS.includes(code)))(
  '%s has an exit code',
  (code) => {
    expect(exitCodeOf(code)).toBeGreaterThan(1);
  },
);

it('the page in docs/ is that of the table', () => {
  expect(readFileSync(new URL('../../../docs/exit-codes.md', import.meta.url), 'utf8')).toBe(exitCodesPage());
});
