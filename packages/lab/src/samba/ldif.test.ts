/** What ldbsearch prints is read, and what we write is read again. */
import { expect, test } from 'vitest';
import { parseEntries, writeChange, writeEntry } from './ldif.ts';

test('reads folded lines, base64, and no referral', () => {
  const printed = [
    '# record 1',
    'dn: CN=krbtgt_AzureAD,CN=Users,DC=corp,DC=exam',
    ' ple,DC=com',
    'sAMAccountName: krbtgt_58228',
    'description:: R3LDtsOfZQ==',
    'member: CN=a',
    'member: CN=b',
    '',
    '# Referral',
    'ref: ldap://corp.example.com/CN=Configuration,DC=corp,DC=example,DC=com',
    '',
    '# returned 2 records',
  ].join('\n');
  expect(parseEntries(printed)).toEqual([
    {
      dn: 'CN=krbtgt_AzureAD,CN=Users,DC=corp,DC=example,DC=com',
      attributes: { sAMAccountName: ['krbtgt_58228'], description: ['Größe'], member: ['CN=a', 'CN=b'] },
    },
  ]);
});

test('writes values that no line of LDIF could hold', () => {
  const attributes = { description: 'two\nlines', member: ['CN=ä', ' CN=b'] };
  const [entry] = parseEntries(writeEntry('CN=x', attributes));
  expect(entry).toEqual({
    dn: 'CN=x',
    attributes: { description: ['two\nlines'], member: ['CN=ä', ' CN=b'] },
  });
  expect(writeEntry('CN=x', { unicodePwd: Buffer.from('ff00', 'hex') })).toContain('unicodePwd:: /wA=\n');
});

test('writes a change', () => {
  const b64 = (text: string) => Buffer.from(text).toString('base64');
  expect(writeChange('CN=x', 'add', 'member', ['CN=a'])).toBe(
    `dn:: ${b64('CN=x')}\nchangetype: modify\nadd: member\nmember:: ${b64('CN=a')}\n-\n\n`,
  );
});
