/** Our DCE/RPC stubs read by Samba's own parsers, and Samba's read by ours, in versions that no live controller sends. */
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect } from 'vitest';
import { encodeDrsBind } from '../../packages/active-directory/src/drsuapi/bind.ts';
import { ATTRIBUTE } from '../../packages/active-directory/src/drsuapi/constants.ts';
import { decodeGetObject } from '../../packages/active-directory/src/drsuapi/get-nc-changes-reply.ts';
import { encodeGetObject } from '../../packages/active-directory/src/drsuapi/get-nc-changes-request.ts';
import { readStoredKeys } from '../../packages/active-directory/src/drsuapi/kerberos-keys.ts';
import { attributeType } from '../../packages/active-directory/src/drsuapi/prefix-table.ts';
import { decryptAttribute } from '../../packages/active-directory/src/drsuapi/secret.ts';
import { readUserProperties } from '../../packages/active-directory/src/drsuapi/supplemental-credentials.ts';
import { krbtgtKey } from '../../packages/active-directory/src/kerberos-server/read-key.ts';
import { encodeEptMap } from '../../packages/active-directory/src/rpc/endpoint-mapper.ts';
import { SYNTAX } from '../../packages/active-directory/src/rpc/syntax.ts';
import { RECORDED } from '../../packages/active-directory/test/vectors.ts';
import { missing, withPeers } from '../support/peers.ts';

const script = new URL('peers/drsuapi_ndr.py', import.meta.url).pathname;
const dn = 'CN=krbtgt_Ä😀,CN=Users,DC=corp,DC=example,DC=com';
const { changesResponse, sessionKey, keytab } = RECORDED;

const { object, prefixes } = decodeGetObject(changesResponse);
const type = attributeType(prefixes, ATTRIBUTE.SUPPLEMENTAL_CREDENTIALS);
const secret = object.attributes.find((one) => one.type === type)?.values[0] ?? new Uint8Array(0);
const supplementalCredentials = decryptAttribute(sessionKey, secret);

/** What the peer answers. */
interface Found {
  ept: { interface: string; floors: number; most: number };
  bind: { guid: string; extensions: number };
  changes: Record<string, unknown>;
  version6: string;
  version1: string;
  packages: string[];
  keys: [number, string][];
}

describe("Samba's own NDR", () => {
  const it = withPeers('samba');
  let found: Found;

  beforeAll(() => {
    if (missing(['samba']).length > 0) return;
    const attributes = [...Object.values(ATTRIBUTE), '2.5.4.3'];
    const given = {
      eptMap: encodeEptMap(SYNTAX.DRSUAPI),
      bind: encodeDrsBind(),
      changes: encodeGetObject(
        { handle: Buffer.alloc(20, 1), site: Buffer.alloc(16, 2) },
        { dn, attributes },
      ),
      reply: changesResponse,
      supplementalCredentials,
    };
    const input = JSON.stringify(
      Object.fromEntries(Object.entries(given).map(([k, v]) => [k, v.toString('hex')])),
    );
    found = JSON.parse(execFileSync('/usr/bin/python3', [script], { input, encoding: 'utf8' }));
  });

  it('reads our questions as we mean them', () => {
    expect(found.ept).toEqual({ interface: '354251e3064bd111ab0400c04fc2dcd20400', floors: 5, most: 4 });
    expect(found.bind).toEqual({ guid: 'e24d201a-4fd6-11d1-a3da-0000f875ae0d', extensions: 0x05048001 });
    expect(found.changes).toEqual({
      ...{
        level: 8,
        destination: '02020202-0202-0202-0202-020202020202',
        dn,
        flags: 0x30,
        most: 1,
        operation: 6,
      },
      attributes: [0x1005a, 0x1007d, 0x10789, 0x20003],
      prefixes: [
        [1, '2a864886f7140104'],
        [2, '5504'],
        [0, `ff${'00'.repeat(20)}`],
      ],
    });
  });

  it.each(['version1', 'version6'] as const)(
    'packs a reply of %s, with an up-to-date vector, that we read',
    (name) => {
      const key = krbtgtKey(decodeGetObject(Buffer.from(found[name], 'hex')), sessionKey);
      expect(Buffer.from(key.aes256)).toEqual(keytab.aes256);
    },
  );

  it('reads the same packages and keys in supplementalCredentials', () => {
    const properties = readUserProperties(supplementalCredentials);
    expect(found.packages).toEqual([...properties.keys()]);
    const ours = readStoredKeys(properties.get('Primary:Kerberos-Newer-Keys') ?? Buffer.alloc(0));
    expect(ours.map(({ etype, key }) => [etype, Buffer.from(key).toString('hex')])).toEqual(found.keys);
  });
});
