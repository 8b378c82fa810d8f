/** Addresses as people type them. */
import { expect, it } from 'vitest';
import { parseAddress } from './address.ts';

it.each([
  ['dc1.corp.example.com', { host: 'dc1.corp.example.com' }],
  ['dc1.corp.example.com:88', { host: 'dc1.corp.example.com', port: 88 }],
  ['127.0.0.1:8443', { host: '127.0.0.1', port: 8443 }],
  ['::1', { host: '::1' }],
  ['[::1]:88', { host: '::1', port: 88 }],
])('%s', (text, address) => {
  expect(parseAddress('--kdc', text)).toEqual(address);
});

it.each(['', ':88', 'a b', 'dc1:x', 'dc1:99999', '[::1'])('refuses "%s"', (text) => {
  expect(() => parseAddress('--kdc', text)).toThrow(/--kdc takes a host and a port/);
});
