/** The key of krbtgt_N read back from a live Samba DC over DRSUAPI: Kerberos and SPNEGO, rotation, and who may not. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { kerberosSecurity, ntlmSecurity, readKrbtgtKey } from '@kennel/active-directory';
import {
  type Credentials,
  decodeKeytab,
  ETYPE,
  NAME_TYPE,
  principal,
  requestTgt,
  requestTicket,
  splitKvno,
  tcpTransport,
} from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { attributeType } from '../../packages/active-directory/src/drsuapi/prefix-table.ts';
import { replicateObject } from '../../packages/active-directory/src/drsuapi/read-object.ts';
import { RpcConnection } from '../../packages/active-directory/src/rpc/connection.ts';
import { findEndpoint } from '../../packages/active-directory/src/rpc/endpoint-mapper.ts';
import { SYNTAX } from '../../packages/active-directory/src/rpc/syntax.ts';
import type { KerberosServerObjects, SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces'] as const;
const JPEG_PHOTO = '0.9.2342.19200300.100.1.60';
const PASSWORD = 'Alice!pass1';

let domain: SambaDomain;
let objects: KerberosServerObjects;
let admin: Credentials;

beforeAll(async () => {
  if (missing(PEERS).length > 0) return;
  domain = await startTestDomain({ users: [{ name: 'alice', password: PASSWORD }] });
  objects = await domain.createKerberosServerObjects();
  admin = await ticketOf('Administrator', domain.adminPassword);
});
afterAll(() => domain?.stop());

async function ticketOf(name: string, password: string): Promise<Credentials> {
  const transport = tcpTransport({ host: domain.address, port: 88 });
  const { realm } = domain;
  const { credentials: tgt } = await requestTgt({
    client: principal(name),
    realm,
    secret: { password },
    transport,
  });
  const sname = principal(`ldap/${domain.fqdn}`, NAME_TYPE.SRV_INST);
  return (await requestTicket({ tgt, sname, realm, transport })).credentials;
}

const read = (credentials: Credentials, { spnego = false, objectDn = objects.userDn } = {}) =>
  readKrbtgtKey({
    ...{ dc: { host: domain.address }, objectDn, timeout: 10_000 },
    security: kerberosSecurity(credentials, { now: new Date(), spnego }),
  });

/** What samba-tool exports on the controller. */
async function exported(account: string) {
  const entries = decodeKeytab(readFileSync(await domain.exportKeytab(account)));
  const entry = entries.find(({ etype }) => etype === ETYPE.AES256_CTS_HMAC_SHA1_96);
  const { number, version } = splitKvno(entry?.kvno ?? 0);
  return { krbtgtNumber: number, keyVersion: version, aes256: Buffer.from(entry?.key ?? []) };
}

describe('the key of krbtgt_N over DRSUAPI', () => {
  const it = withPeers(...PEERS);

  it.each([false, true])('is the one that exportkeytab gives (SPNEGO: %s)', async (spnego) => {
    const key = await read(admin, { spnego });
    expect({ ...key, aes256: Buffer.from(key.aes256) }).toMatchObject(await exported(objects.accountName));
    expect(key.krbtgtNumber).toBe(objects.id);
    expect(Math.abs(key.changedAt.getTime() - Date.now())).toBeLessThan(120_000);
    expect(key.changedFrom).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is the same over NTLM, where that is asked for; a wrong password and a user who may not get nothing', async () => {
    const over = (user: string, password: string) =>
      readKrbtgtKey({
        ...{ dc: { host: domain.address }, objectDn: objects.userDn, timeout: 10_000 },
        security: ntlmSecurity({ user, domain: 'CORP', password }, { now: new Date() }),
      });
    const key = await over('Administrator', domain.adminPassword);
    expect({ ...key, aes256: Buffer.from(key.aes256) }).toMatchObject(await exported(objects.accountName));
    await expect(over('alice', PASSWORD)).rejects.toMatchObject({ code: 'access-denied' });
    await expect(over('Administrator', 'wrong')).rejects.toMatchObject({ code: 'ntlm-refused' });
  });

  it('follows a rotation', async () => {
    const before = await read(admin);
    const unicodePwd = Buffer.from('"Any!password2"', 'utf16le').toString('base64');
    const change = `dn: ${objects.userDn}\nchangetype: modify\nreplace: unicodePwd\nunicodePwd:: ${unicodePwd}\n`;
    await domain.directory.modify(change);
    const after = await read(admin);
    expect(after.keyVersion).toBe(before.keyVersion + 1);
    expect(after.aes256).not.toEqual(before.aes256);
    expect({ ...after, aes256: Buffer.from(after.aes256) }).toMatchObject(
      await exported(objects.accountName),
    );
  });

  it("of the domain's own krbtgt bears no number", async () => {
    const key = await read(admin, { objectDn: `CN=krbtgt,CN=Users,${domain.baseDn}` });
    expect({ ...key, aes256: Buffer.from(key.aes256) }).toMatchObject(await exported('krbtgt'));
    expect(key.krbtgtNumber).toBe(0);
  });

  it('is denied to a plain user, and absent where there is no such object', async () => {
    const alice = await ticketOf('alice', PASSWORD);
    await expect(read(alice)).rejects.toMatchObject({ code: 'access-denied' });
    const objectDn = `CN=nobody,CN=Users,${domain.baseDn}`;
    await expect(read(admin, { objectDn })).rejects.toMatchObject({ code: 'object-not-found' });
  });

  it('is not there for an object that has none of the secrets', async () => {
    const objectDn = `CN=Users,${domain.baseDn}`;
    await expect(read(admin, { objectDn })).rejects.toMatchObject({ code: 'object-not-found' });
  });

  it('cannot be asked for with a ticket under another key', async () => {
    const { key } = await ticketOf('alice', PASSWORD);
    await expect(read({ ...admin, key })).rejects.toMatchObject({ code: 'rpc-refused' });
  });

  it('goes over the wire in several fragments, both ways', async () => {
    const photo = randomBytes(20_000);
    const dn = `CN=alice,CN=Users,${domain.baseDn}`;
    const change = `dn: ${dn}\nchangetype: modify\nreplace: jpegPhoto\njpegPhoto:: ${photo.toString('base64')}\n`;
    await domain.directory.modify(change);
    const port = await findEndpoint(domain.address, SYNTAX.DRSUAPI);
    const security = kerberosSecurity(admin, { now: new Date() });
    const rpc = await RpcConnection.open({ host: domain.address, port }, SYNTAX.DRSUAPI, { security });
    const others = Array.from({ length: 1500 }, (_, i) => `1.2.840.113556.1.4.${i + 1}`);
    const { object, prefixes } = await replicateObject(rpc, { dn, attributes: [JPEG_PHOTO, ...others] });
    rpc.close();
    const type = attributeType(prefixes, JPEG_PHOTO);
    const [value = []] = object.attributes.find((one) => one.type === type)?.values ?? [];
    expect(photo.equals(Buffer.from(value))).toBe(true);
    expect(object.attributes.length).toBeGreaterThan(10);
  });

  it('says so when the controller is gone', async () => {
    await domain.pause();
    try {
      await expect(read(admin)).rejects.toMatchObject({
        code: expect.stringMatching(/^dc-(unreachable|timeout)$/),
      });
    } finally {
      await domain.resume();
    }
  });
});
