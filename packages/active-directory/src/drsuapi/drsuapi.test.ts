/** DRSUAPI's messages as Samba sent them, whole, damaged and refused. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { splitKvno } from '@kennel/kerberos';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORDED } from '../../test/vectors.ts';
import { ActiveDirectoryError } from '../errors.ts';
import { krbtgtKey } from '../kerberos-server/read-key.ts';
import { readStub } from '../rpc/stub.ts';
import { decodeDrsBind } from './bind.ts';
import { ATTRIBUTE, OPNUM } from './constants.ts';
import { decodeGetObject } from './get-nc-changes-reply.ts';
import { readStoredKeys } from './kerberos-keys.ts';
import { attributeType, makePrefixTable, oidBytes } from './prefix-table.ts';
import { rc4 } from './rc4.ts';
import { replicateObject } from './read-object.ts';
import { decryptAttribute } from './secret.ts';
import { readUserProperties } from './supplemental-credentials.ts';

const { sessionKey, changesResponse, drsBindResponse, absentResponse, keytab, objectDn } = RECORDED;
const code = (wanted: string) => expect.objectContaining({ code: wanted });

/** A copy with a 32-bit number changed. */
function changed(stub: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(stub);
  copy.writeUInt32LE(value, at < 0 ? copy.length + at : at);
  return copy;
}

const encrypt = (plain: Buffer, salt = Buffer.alloc(16, 7)) => {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(plain));
  const key = createHash('md5').update(sessionKey).update(salt).digest();
  return Buffer.concat([salt, rc4(key, Buffer.concat([sum, plain]))]);
};

describe("Samba's answers, recorded", () => {
  it('hold the key that exportkeytab gave, with number and version', () => {
    const key = krbtgtKey(decodeGetObject(changesResponse), sessionKey);
    expect(Buffer.from(key.aes256)).toEqual(keytab.aes256);
    const { number, version } = splitKvno(keytab.kvno);
    expect(key).toMatchObject({ krbtgtNumber: number, keyVersion: version });
    expect(key.changedAt.toISOString()).toBe('2026-11-22T22:55:55.000Z');
    expect(key.changedFrom).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it('name the object, and its attributes by the prefixes of the reply', () => {
    const { object, prefixes } = decodeGetObject(changesResponse);
    expect(object.name.dn).toBe(objectDn);
    expect(prefixes.size).toBeGreaterThan(30);
    const types = object.attributes.map(({ type }) => type);
    for (const oid of Object.values(ATTRIBUTE)) expect(types).toContain(attributeType(prefixes, oid));
  });

  it('give a handle at bind, and say that an object is absent', () => {
    const server = decodeDrsBind(drsBindResponse);
    expect(server).toMatchObject({ handle: drsBindResponse.subarray(60, 80), epoch: 0 });
    expect(server.site).toEqual(drsBindResponse.subarray(16, 32));
    expect(() => decodeGetObject(absentResponse)).toThrow(code('object-not-found'));
  });

  it('cannot be read with another session key', () => {
    const reply = decodeGetObject(changesResponse);
    expect(() => krbtgtKey(reply, Buffer.alloc(16, 1))).toThrow(code('secret-malformed'));
  });
});

describe('one object', () => {
  it('is asked for in the epoch of a renamed domain', async () => {
    const calls: [number, Buffer][] = [];
    const renamed = changed(drsBindResponse, 12 + 24, 7);
    const call = async (opnum: number, stub: Uint8Array) => {
      calls.push([opnum, Buffer.from(stub)]);
      return opnum === OPNUM.BIND ? renamed : changesResponse;
    };
    await replicateObject({ call }, { dn: objectDn, attributes: Object.values(ATTRIBUTE) });
    expect(calls.map(([opnum]) => opnum)).toEqual([0, 1, 0, 3, 1]);
    const epochs = calls
      .filter(([opnum]) => opnum === OPNUM.BIND)
      .map(([, stub]) => stub.readUInt32LE(32 + 24));
    expect(epochs).toEqual([0, 7]);
    expect(calls[3]?.[1].subarray(32, 48)).toEqual(renamed.subarray(16, 32));
  });
});

describe('refusals', () => {
  it.each([
    [5, 'access-denied'],
    [8453, 'access-denied'],
    [8440, 'object-not-found'],
    [8456, 'drs-refused'],
    [12345, 'drs-refused'],
  ])('return value %i is %s', (status, wanted) => {
    expect(() => decodeGetObject(changed(changesResponse, -4, status))).toThrow(code(wanted));
    expect(() => decodeDrsBind(changed(drsBindResponse, -4, status))).toThrow(code(wanted));
  });

  it('a server without the versions needed is refused', () => {
    expect(() => decodeDrsBind(changed(drsBindResponse, 12, 0x00ff_ffff))).toThrow(code('drs-refused'));
  });

  it('an account without secrets, or without a secret of AES-256, has no key', () => {
    const { object, prefixes } = decodeGetObject(changesResponse);
    const type = attributeType(prefixes, ATTRIBUTE.SUPPLEMENTAL_CREDENTIALS);
    const replaced = (...values: Buffer[]) => ({
      prefixes,
      object: {
        ...object,
        attributes: object.attributes.map((one) => (one.type === type ? { ...one, values } : one)),
      },
    });
    expect(() => krbtgtKey(replaced(), sessionKey)).toThrow(code('key-missing'));
    const empty = Buffer.alloc(111);
    empty.writeUInt16LE(0x50, 108);
    expect(() => krbtgtKey(replaced(encrypt(empty)), sessionKey)).toThrow(code('key-missing'));
    expect(() => krbtgtKey(replaced(Buffer.alloc(19)), sessionKey)).toThrow(code('secret-malformed'));
    expect(() => krbtgtKey({ prefixes: new Map(), object }, sessionKey)).toThrow(code('key-missing'));
  });
});

describe('prefix tables', () => {
  it('split OIDs as the specification does', () => {
    expect(oidBytes('1.2.840.113556.1.4.1929').toString('hex')).toBe('2a864886f71401048f09');
    const { table, types } = makePrefixTable(Object.values(ATTRIBUTE));
    expect(table.size).toBe(1);
    expect(types).toEqual([0x1005a, 0x1007d, 0x10789]);
    expect(attributeType(table, '2.5.4.3')).toBeUndefined();
  });
});

describe('damage', () => {
  const reply = decodeGetObject(changesResponse);
  const type = attributeType(reply.prefixes, ATTRIBUTE.SUPPLEMENTAL_CREDENTIALS);
  const attribute = reply.object.attributes.find((one) => one.type === type);
  const plain = decryptAttribute(sessionKey, attribute?.values[0] ?? new Uint8Array(0));
  const stored = readUserProperties(plain).get('Primary:Kerberos-Newer-Keys') ?? Buffer.alloc(0);

  const readers: [string, Buffer, (bytes: Buffer) => unknown][] = [
    ['the bind answer', drsBindResponse, decodeDrsBind],
    ['the replicated object', changesResponse, (bytes) => krbtgtKey(decodeGetObject(bytes), sessionKey)],
    ['supplementalCredentials', plain, readUserProperties],
    ['the stored keys', stored, readStoredKeys],
  ];
  it('of a length beyond the end is refused, not cut off', () => {
    const forged = Buffer.from(attribute?.values[0] ?? []);
    forged.writeUInt8((forged.at(-1) ?? 0) ^ 1, forged.length - 1);
    expect(() => decryptAttribute(sessionKey, forged)).toThrow(code('secret-malformed'));
    expect(() => readStoredKeys(changed(stored, 24 + 20, stored.length - 31))).toThrow(
      code('secret-malformed'),
    );
    const short = changed(plain, 4, plain.readUInt32LE(4) - 40);
    expect(() => readUserProperties(short)).toThrow(code('secret-malformed'));
    const greedy = readStub(Buffer.from('ffffffff00000000', 'hex'));
    expect(() => greedy.count(1)).toThrow(code('rpc-malformed'));
  });

  it.each(readers)('of %s raises no other error than the package has', (_, whole, read) => {
    let refused = 0;
    const attempt = (bytes: Buffer) => {
      try {
        read(bytes);
      } catch (error) {
        refused++;
        expect(error).toBeInstanceOf(ActiveDirectoryError);
      }
    };
    attempt(whole);
    expect(refused).toBe(0);
    for (let length = 0; length < whole.length; length += 1 + (whole.length >> 9))
      attempt(whole.subarray(0, length));
    expect(refused).toBeGreaterThan(20);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const copy = Buffer.from(whole);
        copy[at] = byte;
        attempt(copy);
      }),
      { seed: 3, numRuns: 2000 },
    );
    fc.assert(
      fc.property(
        fc.nat((whole.length >> 2) - 1),
        fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_ffff),
        (at, value) => {
          attempt(changed(whole, at * 4, value));
        },
      ),
      { seed: 4, numRuns: 1000 },
    );
  });
});
