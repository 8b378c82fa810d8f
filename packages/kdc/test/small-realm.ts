/** A realm of one user, one service and one read-only domain controller, with keys that are given: the same every time. */
import { Key, type PrincipalName, principalText, splitKvno } from '@kennel/kerberos';
import type { Account, Krbtgt, Realm, Service } from '../src/realm.ts';

const REALM = 'CORP.EXAMPLE.COM';
export const DOMAIN_SID = 'S-1-5-21-1-2-3';
export const PASSWORD = 'a password of the test';
/** (N << 16 | version) of the read-only domain controller's key. */
export const RODC_KVNO = (40_000 << 16) | 1;

/** Keys that are no secrets. */
export const KEYS = {
  krbtgt: new Key(18, new Uint8Array(32).fill(1)),
  service: new Key(18, new Uint8Array(32).fill(2)),
  rodc: new Key(18, new Uint8Array(32).fill(3)),
} as const;

const salt = `${REALM}alice`;
const aliceKey = Key.fromPassword(PASSWORD, salt);

export function smallRealm(): Realm {
  const alice: Account = {
    sid: `${DOMAIN_SID}-1104`,
    samAccountName: 'alice',
    upn: 'alice@corp.example.com',
    displayName: 'Alice Example',
    keys: [{ version: 1, key: aliceKey }],
    salt,
    ntHash: new Uint8Array(16).fill(7),
    primaryGroup: 513,
    groups: [513],
    memberOf: new Set([`${DOMAIN_SID}-513`]),
    enabled: true,
    lockedOut: false,
    mustChangePassword: false,
  };
  const { number } = splitKvno(RODC_KVNO);
  const krbtgts: Krbtgt[] = [
    { number: 0, keys: [{ version: 1, key: KEYS.krbtgt }] },
    {
      number,
      keys: [{ version: 1, key: KEYS.rodc }],
      rodc: {
        linked: true,
        partialSecrets: true,
        revealOnDemand: [`${DOMAIN_SID}-513`],
        neverReveal: [`${DOMAIN_SID}-572`],
      },
    },
  ];
  const http: Service = {
    name: { nameType: 3, nameString: ['HTTP', 'localhost'] },
    keys: [{ version: 1, key: KEYS.service }],
  };
  return {
    realm: REALM,
    dnsDomainName: 'corp.example.com',
    netbiosDomainName: 'CORP',
    domainSid: DOMAIN_SID,
    findAccount: async (name: PrincipalName) => (principalText(name) === 'alice' ? alice : undefined),
    findService: async (name) => (principalText(name) === 'HTTP/localhost' ? http : undefined),
    findKrbtgt: async (wanted) => krbtgts.find((krbtgt) => krbtgt.number === wanted),
  };
}
