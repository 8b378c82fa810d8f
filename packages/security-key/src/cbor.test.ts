/** The canonical form: RFC 8949's examples, CTAP2's key order, and everything else refused. */
import { describe, expect, it } from 'vitest';
import vectors from '../vectors/rfc8949/appendix-a.json' with { type: 'json' };
import { type CborValue, CtapError, cborMap, decodeCbor, encodeCbor, Members, need } from './cbor.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const status = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error instanceof CtapError ? error.status : error;
  }
  return 'accepted';
};

describe('CBOR', () => {
  for (const item of vectors.canonical) {
    it(`encodes and decodes ${item.hex}`, () => {
      // A vector has one of the three members; its JSON arrays are CBOR arrays or map entries.
      const entries = item.map as [number | string, CborValue][] | undefined;
      const value =
        item.bytes !== undefined ? hex(item.bytes) : entries ? new Map(entries) : (item.value as CborValue);
      expect(Buffer.from(encodeCbor(value)).toString('hex')).toBe(item.hex);
      expect(decodeCbor(hex(item.hex))).toEqual(value);
    });
  }

  for (const item of vectors.refused) {
    it(`refuses ${item}`, () => expect(status(() => decodeCbor(hex(item)))).toBe(0x12));
  }

  it('orders keys as CTAP2 does: by type, then length, then bytes', () => {
    const keys = ['bb', 'a', 'c', -1, 300, 24, 23, -300, 'ab', 1];
    const encoded = encodeCbor(cborMap(keys.map((key) => [key, 0])));
    const order = [1, 23, 24, 300, -1, -300, 'a', 'c', 'ab', 'bb'];
    expect([...(decodeCbor(encoded) as Map<unknown, unknown>).keys()]).toEqual(order); // the map above
  });

  it.each([
    ['keys out of order', 'a203040102'],
    ['a key twice', 'a201020103'],
    ['a length that is not the shortest', '1817'],
    ['a text length that is not the shortest', '780161'],
    ['ill-formed UTF-8', '61ff'],
    ['bytes left over', '0000'],
    ['nothing', ''],
    ['a string cut short', '4401'],
    ['an array cut short', '8201'],
    ['a map cut short', 'a101'],
    ['an array that claims 2^53 items', '9b0020000000000000'],
    ['a string that claims 2^63 bytes', '5b8000000000000000'],
    ['five levels', '8181818181'.concat('00')],
    ['a thousand levels', '81'.repeat(1000).concat('00')],
    ['four levels of maps and one more', 'a101a101a101a101a10100'],
  ])('refuses %s', (_what, text) => expect(status(() => decodeCbor(hex(text)))).toBe(0x12));

  it('takes four levels', () => expect(decodeCbor(hex('8181818100'))).toEqual([[[[0]]]]));
});

describe('Members', () => {
  const members = new Members(
    new Map<unknown, unknown>([
      [1, hex('0102')],
      [2, 'text'],
      [3, 7],
      [4, true],
      [5, [new Map([['id', 'x']])]],
      [6, new Map()],
    ]),
  );
  it('reads members of the right type', () => {
    expect(members.bytes(1)).toEqual(hex('0102'));
    expect(members.text(2)).toBe('text');
    expect(members.integer(3)).toBe(7);
    expect(members.boolean(4)).toBe(true);
    expect(members.maps(5, 1)?.[0]?.text('id')).toBe('x');
    expect(members.map(6)).toBeInstanceOf(Members);
    expect(members.bytes(9)).toBeUndefined();
  });
  it('refuses others with their CTAP status', () => {
    expect(status(() => members.text(1))).toBe(0x11);
    expect(status(() => members.bytes(2))).toBe(0x11);
    expect(status(() => members.integer(4))).toBe(0x11);
    expect(status(() => members.boolean(3))).toBe(0x11);
    expect(status(() => members.map(5))).toBe(0x11);
    expect(status(() => members.maps(6, 1))).toBe(0x11);
    expect(status(() => members.maps(5, 0))).toBe(0x15);
    expect(status(() => members.bytes(1, { max: 1 }))).toBe(0x03);
    expect(status(() => members.text(2, { min: 5 }))).toBe(0x03);
    expect(status(() => need(members.text(9), 'nine'))).toBe(0x14);
    expect(status(() => new Members(7))).toBe(0x11);
  });
});
