/** A tenant speaks for the site it is reached at, and for no other. */
import { expect, test } from 'vitest';
import { failing } from '../../test/world.ts';
import { checkSite, tenantOrigin } from './address.ts';

test.each([
  ['https://login.example.com', 'https://login.example.com'],
  ['https://LOGIN.example.com:443/a/b?c', 'https://login.example.com'],
  ['https://localhost:8443/', 'https://localhost:8443'],
])('%s is reached at %s', (text, origin) => expect(tenantOrigin(text)).toBe(origin));

test.each([
  'http://login.example.com',
  'login.example.com',
  '',
  'https://user@login.example.com',
  'file:///x',
])('%j is no address of a tenant', (text) =>
  expect(() => tenantOrigin(text)).toThrow(failing('tenant-url-invalid')),
);

const origin = 'https://login.example.com';
const endpoints = [`${origin}/common/oauth2/token`];

test.each([
  ['login.example.com', endpoints],
  ['example.com', [...endpoints, 'https://registration.example.com:8443/EnrollmentServer/device/']],
])('RP ID %s', (rpId, all) => checkSite(origin, { rpId, origins: [origin], endpoints: all }));

test.each([
  ['other.example.com', endpoints],
  ['ogin.example.com', endpoints],
  ['example.co', endpoints],
  ['www.login.example.com', endpoints],
  ['login.microsoft.com', endpoints],
  ['example.com', ['https://evil.example/token']],
  ['example.com', ['https://evilexample.com/token']],
  ['example.com', ['http://login.example.com/token']],
])('RP ID %s with %s is foreign', (rpId, all) => {
  expect(() => checkSite(origin, { rpId, origins: [origin], endpoints: all })).toThrow(
    failing('tenant-rp-id-foreign'),
  );
});

test('an address that is not among the origins is told', () => {
  const said = { rpId: 'example.com', origins: ['https://login.example.com:8443'], endpoints };
  expect(() => checkSite(origin, said)).toThrow(failing('tenant-origin-unlisted'));
});
