/** Which AS-REP counts as a partial TGT. */
import {
  AsRep,
  decodeDer,
  decrypted,
  EncAsRepPart,
  encrypted,
  KEY_USAGE,
  Key,
  mintPartialTgt,
  principal,
} from '@kennel/kerberos';
import { expect, test } from 'vitest';
import { failing } from '../../test/world.ts';
import { openPartialTgt } from './partial-tgt.ts';

const minted = mintPartialTgt({
  realm: 'CORP.EXAMPLE.COM',
  key: Key.random(),
  kvno: 65_537,
  user: {
    sid: 'S-1-5-21-1-2-3-1104',
    samAccountName: 'alice',
    upn: 'alice@corp.example.com',
    netbiosDomainName: 'CORP',
    dnsDomainName: 'corp.example.com',
  },
  now: new Date(),
});

/** The same message with a change inside, under the same key. */
function changed(to: { sname?: string; srealm?: string; crealm?: string }) {
  const key = new Key(minted.keyType, Buffer.from(minted.clientKey));
  const reply = decodeDer(AsRep, minted.messageBuffer);
  const part = decodeDer(EncAsRepPart, decrypted(key, KEY_USAGE.AS_REP_ENC_PART, reply.encPart));
  const inside = EncAsRepPart.encode({
    ...part,
    ...(to.srealm !== undefined && { srealm: to.srealm }),
    ...(to.sname !== undefined && { sname: principal(to.sname) }),
  });
  const messageBuffer = AsRep.encode({
    ...reply,
    crealm: to.crealm ?? reply.crealm,
    encPart: encrypted(key, KEY_USAGE.AS_REP_ENC_PART, inside),
  });
  return { clientKey: minted.clientKey, keyType: minted.keyType, messageBuffer };
}

test('a ticket-granting ticket of the own realm does', () => {
  expect(openPartialTgt(changed({})).credentials.client).toMatchObject({ realm: 'CORP.EXAMPLE.COM' });
});

test.each([
  ['a service ticket', { sname: 'cifs/dc1.corp.example.com' }],
  ['a ticket for another realm', { sname: 'krbtgt/OTHER.EXAMPLE' }],
  ['a ticket of another realm', { srealm: 'OTHER.EXAMPLE' }],
  ['a client of another realm', { crealm: 'OTHER.EXAMPLE' }],
  ['a realm that is no name', { crealm: '../x', srealm: '../x', sname: 'krbtgt/../x' }],
])('%s does not', (_name, to) => {
  expect(() => openPartialTgt(changed(to))).toThrow(failing('tenant-answer-malformed'));
});

test('nor does one whose key does not fit', () => {
  const other = { ...changed({}), clientKey: Key.random().value };
  expect(() => openPartialTgt(other)).toThrow(failing('tenant-answer-malformed'));
  expect(() => openPartialTgt({ ...other, keyType: 99 })).toThrow(failing('tenant-answer-malformed'));
  expect(() => openPartialTgt({ ...other, clientKey: new Uint8Array(5) })).toThrow(
    failing('tenant-answer-malformed'),
  );
});
