/** A PAC recorded from Samba: read, verified, written again to the same bytes; and what a PAC must not be. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reEncodedBuffers } from '../../test/re-encode-pac.ts';
import { Key } from '../crypto/key.ts';
import { KerberosError } from '../errors.ts';
import { AuthorizationData } from '../messages/common.ts';
import { userPac } from '../mint/user-pac.ts';
import { decodeLogonInfo, encodeLogonInfo, type LogonInfo } from './logon-info.ts';
import { decodePac, encodePac } from './pac.ts';
import { decodeSid, encodeSid, splitSid } from './sid.ts';
import { signServiceTicketPac, signTgtPac, verifyPac, verifyTicketSignature } from './signatures.ts';

const recorded = JSON.parse(
  readFileSync(new URL('../../vectors/samba/tgt-pac.json', import.meta.url), 'utf8'),
);
const pac = Buffer.from(recorded.pac, 'hex');
const krbtgt = new Key(18, Buffer.from(recorded.krbtgtKey, 'hex'));

describe("Samba's PAC", () => {
  it('verifies under its krbtgt key and no other', () => {
    expect(verifyPac(pac, { server: krbtgt, krbtgt })).toHaveLength(7);
    expect(() => verifyPac(pac, { server: Key.random(), krbtgt })).toThrow(/not signed/);
    expect(() => verifyPac(pac, { server: krbtgt, krbtgt: Key.random() })).toThrow(/not signed/);
    expect(() => verifyPac(pac, { server: krbtgt, krbtgt, rodcNumber: 1 })).toThrow(/not signed/);
  });

  it('is written again to the same bytes, buffer by buffer and whole', () => {
    const buffers = reEncodedBuffers(pac);
    for (const [i, { type, data }] of decodePac(pac).entries())
      expect(Buffer.from(buffers[i]?.data ?? []).toString('hex'), `buffer ${type}`).toBe(
        Buffer.from(data).toString('hex'),
      );
    expect(encodePac(buffers).toString('hex')).toBe(pac.toString('hex'));
  });

  it('never crashes a reader, wherever it is cut or changed', () => {
    const attempt = (bytes: Uint8Array) => {
      try {
        reEncodedBuffers(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(KerberosError);
      }
    };
    for (let length = 0; length < pac.length; length++) attempt(pac.subarray(0, length));
    fc.assert(
      fc.property(fc.nat(pac.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(pac);
        changed[at] = value;
        attempt(changed);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe('logon info', () => {
  const sub = fc.integer({ min: 0, max: 0xffffffff });
  const sid = fc.array(sub, { minLength: 2, maxLength: 6 }).map((subs) => `S-1-5-${subs.join('-')}`);
  const group = fc.record({ rid: sub, attributes: fc.constant(7) });

  it('holds any number of groups, extra SIDs and resource groups', () => {
    const base = decodeLogonInfo(decodePac(pac)[0]?.data ?? new Uint8Array(0));
    fc.assert(
      fc.property(
        fc.array(group),
        fc.array(fc.record({ sid, attributes: fc.constant(7) })),
        fc.array(group),
        sid,
        fc.string(),
        (groups, extraSids, resourceGroups, domain, name) => {
          const info: LogonInfo = {
            ...base,
            groups,
            extraSids,
            resourceGroups,
            resourceGroupDomainSid: domain,
            logonDomainId: domain,
            effectiveName: { text: name },
          };
          expect(decodeLogonInfo(encodeLogonInfo(info))).toEqual(info);
        },
      ),
    );
  });
});

describe('signatures', () => {
  const server = Key.random();
  const kdc = Key.random();
  const user = {
    sid: 'S-1-5-21-1-2-3-1104',
    samAccountName: 'alice',
    netbiosDomainName: 'CORP',
    dnsDomainName: 'corp.example.com',
    upn: 'alice@corp.example.com',
  };
  const buffers = userPac(user, { authtime: new Date(0), groups: [513], primaryGroup: 513 });

  it('refuses any changed byte that a signature covers', () => {
    const signed = signTgtPac(buffers, { server: kdc, krbtgt: kdc, rodcNumber: 77 });
    verifyPac(signed, { server: kdc, krbtgt: kdc, rodcNumber: 77 });
    expect(() => verifyPac(signed, { server: kdc, krbtgt: kdc, rodcNumber: 78 })).toThrow(/not signed/);
    for (let i = 0; i < signed.length; i++) {
      const changed = Buffer.from(signed);
      changed[i] = (changed[i] ?? 0) ^ 0x20;
      let refused = false;
      try {
        verifyPac(changed, { server: kdc, krbtgt: kdc, rodcNumber: 77 });
      } catch {
        refused = true;
      }
      expect(refused, `byte ${i}`).toBe(true);
    }
  });

  it('binds a service ticket to its krbtgt by the ticket signature', () => {
    const part = {
      flags: 0,
      key: { keyType: 18, keyValue: new Uint8Array(32) },
      crealm: 'R',
      cname: { nameType: 1, nameString: ['a'] },
      transited: { type: 1, contents: new Uint8Array(0) },
      authtime: new Date(0),
      endtime: new Date(1000),
    };
    const signed = signServiceTicketPac(buffers, { server, krbtgt: kdc }, part);
    verifyPac(signed, { server, krbtgt: kdc });
    const data = (bytes: Uint8Array) => [{ type: 1, data: bytes }];
    const ticket = {
      ...part,
      authorizationData: data(AuthorizationData.encode([{ type: 128, data: signed }])),
    };
    verifyTicketSignature(ticket, kdc);
    expect(() => verifyTicketSignature(ticket, server)).toThrow(/not signed/);
    expect(() => verifyTicketSignature({ ...ticket, endtime: new Date(2000) }, kdc)).toThrow(/not signed/);
  });
});

describe('SIDs', () => {
  it('reads and writes the text form', () => {
    const text = 'S-1-5-21-3623811015-3361044348-30300820-1013';
    expect(encodeSid(text).toString('hex')).toBe('010500000000000515000000c7f7fed77c7755c8945ace01f5030000');
    expect(decodeSid(encodeSid(text))).toBe(text);
    expect(splitSid(text)).toEqual({ domainSid: 'S-1-5-21-3623811015-3361044348-30300820', rid: 1013 });
  });

  it.each(['', 'S-1', 'S-2-5-21-1', 'S-1-5-4294967296', 'S-1-5-21-x', `S-1-5${'-1'.repeat(16)}`])(
    'refuses "%s"',
    (text) => {
      expect(() => encodeSid(text)).toThrow(/no security identifier/);
    },
  );
});
