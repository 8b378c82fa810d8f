/** Which entries of an access list give the right to replicate secrets; the lists are as Samba encodes them. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readDacl } from '../../ldap/security-descriptor.ts';
import { grantsReplication } from './protected.ts';

const recorded: Record<string, { bytes: string }> = JSON.parse(
  readFileSync(new URL('../../../vectors/samba/descriptors.json', import.meta.url), 'utf8'),
);
const bytesOf = (name: string) => Buffer.from(recorded[name]?.bytes ?? '', 'base64');
const SOMEBODY = 'S-1-5-21-1-2-3-1601';

it.each([
  ['all rights to one group, and only to it', ['S-1-5-21-1-2-3-512']],
  ['replicate all', [SOMEBODY]],
  ['replicate the filtered set', [SOMEBODY]],
  ['replicate changes without secrets', []],
  ['every extended right', [SOMEBODY]],
  ['write the access list', [SOMEBODY]],
  ['only for what is below', []],
  ['denied', []],
  ['another property, of users only', []],
  ['read', []],
])('%s', (name, holders) => {
  const found = readDacl(bytesOf(name)).filter(grantsReplication);
  expect(found.map(({ sid }) => sid)).toEqual(holders);
});

it('refuses a descriptor that ends too early, wherever it is cut', () => {
  const whole = bytesOf('replicate all');
  for (let length = 0; length < whole.length; length++)
    expect(() => readDacl(whole.subarray(0, length)), String(length)).toThrow();
});
