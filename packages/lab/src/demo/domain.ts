/** The domain that the demo stands on: the embedded one, or a real Samba AD DC in a network namespace. */
import { readFileSync } from 'node:fs';
import {
  decodeKeytab,
  ETYPE,
  encodeKeytab,
  Key,
  krbtgt,
  NAME_TYPE,
  type PrincipalName,
} from '@kennel/kerberos';
import { RID } from '../domain/directory.ts';
import { startIntranet } from '../domain/intranet.ts';
import { startLabDomain } from '../domain/lab-domain.ts';
import { type DomainMember, joinMachine, startSambaDomain } from '../samba/index.ts';
import { readShareFile } from '../samba/share-client.ts';

/** The people of the demo; what each is in AD decides what happens. */
export const PEOPLE = {
  alice: { displayName: 'Alice Example', is: 'a user of the domain' },
  bob: { displayName: 'Bob Example', is: 'a user whose key is removed' },
  dora: { displayName: 'Dora Example', is: 'a domain administrator' },
  gus: { displayName: 'Gus Example', is: 'a guest, not in Domain Users' },
} as const;
export type Person = keyof typeof PEOPLE;

export interface DemoDomain {
  /** In words, for the step's line. */
  description: string;
  realm: string;
  netbiosName: string;
  domainSid: string;
  kdc: { host: string; port: number };
  /** Where the embedded domain answers CLDAP; a real one is found through its DNS. */
  cldap?: { host: string; port: number };
  /** The exported key of the Kerberos server's krbtgt account. */
  keytab: Uint8Array;
  intranet: { url: string; name: PrincipalName };
  /** How a machine becomes a computer of the domain; undefined where the domain has none. */
  member?: { adminPassword: string; joinMachine(name: string): Promise<DomainMember> };
  sidOf(person: Person): Promise<string>;
  /** Reads a file from a share with a ticket cache; undefined where the domain has no shares. */
  readShare?: (ccache: string, krb5Conf: string) => Promise<string>;
  shareCommand?: (ccache: string, krb5Conf: string) => string;
  close(): Promise<void>;
}

const INTRANET = { nameType: NAME_TYPE.SRV_HST, nameString: ['HTTP', 'localhost'] };

export async function embeddedDemoDomain(): Promise<DemoDomain> {
  const domain = await startLabDomain();
  const { directory } = domain;
  const sids = new Map<Person, string>();
  for (const [person, { displayName }] of Object.entries(PEOPLE))
    sids.set(
      person as Person,
      directory.addUser({
        samAccountName: person,
        displayName,
        primaryGroup: person === 'gus' ? RID.DOMAIN_GUESTS : RID.DOMAIN_USERS,
      }),
    ); // PEOPLE has persons as its keys
  directory.addMember(directory.sid(RID.DOMAIN_ADMINS), sids.get('dora') ?? '');
  const { kvno, key } = directory.createKerberosServerObjects();
  const { realm } = directory;
  return {
    description: `an embedded AD domain, ${realm}: KDC on ${domain.kdc.host}:${domain.kdc.port}`,
    realm,
    netbiosName: directory.netbiosDomainName,
    domainSid: directory.domainSid,
    kdc: domain.kdc,
    cldap: domain.cldap,
    keytab: encodeKeytab([
      { realm, name: krbtgt(realm), timestamp: new Date(), kvno, etype: key.etype, key: key.value },
    ]),
    intranet: domain.intranet,
    sidOf: async (person) => sids.get(person) ?? '',
    close: domain.close,
  };
}

/** Root on Linux with Samba's AD packages. */
export async function sambaDemoDomain(): Promise<DemoDomain> {
  const domain = await startSambaDomain({
    users: [
      { name: 'alice', displayName: PEOPLE.alice.displayName },
      { name: 'bob', displayName: PEOPLE.bob.displayName },
      { name: 'dora', displayName: PEOPLE.dora.displayName, groups: ['Domain Admins'] },
      { name: 'gus', displayName: PEOPLE.gus.displayName, groups: ['Domain Guests'] },
      // Without it the DC keeps to RC4 for a user that is a service (24: AES-128 and AES-256).
      { name: 'intranet', attributes: { 'msDS-SupportedEncryptionTypes': '24' } },
    ],
    shares: [{ name: 'team', allow: ['alice'], files: { 'plan.txt': 'The plan: no more passwords.\n' } }],
  });
  try {
    await domain.directory.modify(
      `dn: CN=gus,CN=Users,${domain.baseDn}\nchangetype: modify\nreplace: primaryGroupID\nprimaryGroupID: ${RID.DOMAIN_GUESTS}\n`,
    );
    await domain.sambaTool('group', 'removemembers', 'Domain Users', 'gus');
    await domain.sambaTool('spn', 'add', INTRANET.nameString.join('/'), 'intranet');
    const objects = await domain.createKerberosServerObjects();
    const intranet = await startIntranet(aesKey(await domain.exportKeytab(INTRANET.nameString.join('/'))));
    const { address, fqdn } = domain;
    return {
      description: `a Samba AD domain, ${domain.realm}: ${fqdn} at ${address}, in a network namespace`,
      realm: domain.realm,
      netbiosName: domain.netbiosName,
      domainSid: domain.domainSid,
      kdc: { host: address, port: 88 },
      keytab: readFileSync(objects.keytab),
      intranet: { url: `http://localhost:${intranet.port}/`, name: INTRANET },
      member: { adminPassword: domain.adminPassword, joinMachine: (name) => joinMachine(domain, name) },
      sidOf: (person) => domain.sidOf(person),
      readShare: async (ccache, krb5Conf) =>
        (
          await readShareFile({
            address,
            fqdn,
            share: 'team',
            file: 'plan.txt',
            ccache: `FILE:${ccache}`,
            krb5Conf,
          })
        ).stdout,
      shareCommand: (ccache, krb5Conf) =>
        `KRB5_CONFIG=${krb5Conf} KRB5CCNAME=FILE:${ccache} smbclient --use-kerberos=required -I ${address} //${fqdn}/team -c 'get plan.txt -'`,
      close: async () => {
        await intranet.close();
        await domain.stop();
      },
    };
  } catch (error) {
    await domain.stop();
    throw error;
  }
}

function aesKey(keytab: string): Key {
  const entry = decodeKeytab(readFileSync(keytab)).find(
    ({ etype }) => etype === ETYPE.AES256_CTS_HMAC_SHA1_96,
  );
  if (!entry) throw new Error(`${keytab} has no AES-256 key.`);
  return new Key(entry.etype, entry.key);
}
