/** What a join to a domain leaves on a machine, read with care: it may be of others, damaged, or not for us to see. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeKeytab, type KeytabEntry, NAME_TYPE } from '@kennel/kerberos';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { failing } from '../../test/world.ts';
import { checkJoined } from './joined.ts';
import { findMembership, membershipFiles, readMachineKeys } from './membership.ts';

let dir: string;
let files: { keytab: string; smbConf: string };
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kennel-member-'));
});
beforeEach(() => {
  files = { keytab: join(dir, 'none'), smbConf: join(dir, 'none') };
});
afterAll(() => rmSync(dir, { recursive: true }));

const entry = (name: string[], more: Partial<KeytabEntry> = {}): KeytabEntry => ({
  realm: 'CORP.EXAMPLE.COM',
  name: { nameType: NAME_TYPE.PRINCIPAL, nameString: name },
  timestamp: new Date('2026-07-01T12:00:00Z'),
  kvno: 1,
  etype: 18,
  key: new Uint8Array(32),
  ...more,
});
function keytab(...entries: KeytabEntry[]): void {
  files.keytab = join(dir, 'keytab');
  writeFileSync(files.keytab, encodeKeytab(entries));
}
function smbConf(...lines: string[]): void {
  files.smbConf = join(dir, 'smb.conf');
  writeFileSync(files.smbConf, lines.join('\n'));
}

test('a machine without keytab and Samba is in no domain', () => {
  expect(findMembership(files)).toBeUndefined();
  expect(() => checkJoined(join(dir, 'state'), files)).toThrow(failing('not-joined'));
  expect(() => readMachineKeys(files.keytab)).toThrow(failing('not-domain-member'));
});

test('the account of a computer is told from its services and from users', () => {
  keytab(entry(['host', 'ws1.corp.example.com']), entry(['alice']), entry(['WS1$']));
  expect(findMembership(files)).toEqual({
    realm: 'CORP.EXAMPLE.COM',
    account: 'WS1$',
    netbiosName: undefined,
  });
  expect(() => checkJoined(join(dir, 'state'), files)).toThrow(failing('on-premises-only'));
  keytab(entry(['host', 'ws1.corp.example.com']), entry(['alice']));
  expect(findMembership(files)).toBeUndefined();
  expect(() => readMachineKeys(files.keytab)).toThrow(failing('not-domain-member'));
});

test('of two domains the one that it joined last', () => {
  const later = new Date('2026-08-01T12:00:00Z');
  keytab(entry(['WS1$'], { kvno: 9 }), entry(['WS9$'], { realm: 'NEW.EXAMPLE.NET', timestamp: later }));
  expect(readMachineKeys(files.keytab)).toMatchObject({ realm: 'NEW.EXAMPLE.NET', account: 'WS9$' });
});

test('Samba names the domain, to those who may not read the keytab too', () => {
  const global = ['[global]', '  workgroup = corp', '\trealm=corp.example.com', 'security = ads'];
  smbConf('# a comment', ...global, '[share]', 'realm = OTHER');
  const member = { realm: 'CORP.EXAMPLE.COM', account: undefined, netbiosName: 'CORP' };
  expect(findMembership(files)).toEqual(member);
  keytab(entry(['WS1$']));
  expect(findMembership(files)).toEqual({ ...member, account: 'WS1$' });
  keytab(entry(['WS1$'], { realm: 'ELSE.EXAMPLE.NET' })); // a name of another domain is not its name
  expect(findMembership(files)).toMatchObject({ realm: 'ELSE.EXAMPLE.NET', netbiosName: undefined });
});

test('a file server of its own, and what is no keytab, are no membership', () => {
  smbConf('[global]', 'workgroup = WORKGROUP', 'realm = CORP.EXAMPLE.COM', 'security = user');
  files.keytab = join(dir, 'strange');
  writeFileSync(files.keytab, 'not a keytab');
  expect(findMembership(files)).toBeUndefined();
  expect(() => readMachineKeys(files.keytab)).toThrow(failing('not-domain-member'));
});

test('where they are', () => {
  expect(membershipFiles({})).toEqual({ keytab: '/etc/krb5.keytab', smbConf: '/etc/samba/smb.conf' });
  expect(membershipFiles({ KRB5_KTNAME: 'FILE:/x', SMB_CONF_PATH: '/y' })).toEqual({
    keytab: '/x',
    smbConf: '/y',
  });
});
