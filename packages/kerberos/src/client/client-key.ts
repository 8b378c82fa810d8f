/** The client's long-term key: from a keytab, or from a password with the KDC's hints (RFC 4120 section 5.2.7.5). */
import { Key } from '../crypto/key.ts';
import { decodeDer } from '../der/codec.ts';
import { KerberosError } from '../errors.ts';
import type { KeytabEntry } from '../files/keytab.ts';
import { ETYPE } from '../iana/etypes.ts';
import { PADATA } from '../iana/padata-types.ts';
import { type PaData, type PrincipalName, samePrincipal } from '../messages/common.ts';
import { EtypeInfo2, findPaData } from '../messages/padata.ts';

/** How a client proves itself. */
export type ClientSecret = { password: string } | { keytab: readonly KeytabEntry[] };

/** The etypes of this library, the better first. */
export const CLIENT_ETYPES: readonly number[] = [
  ETYPE.AES256_CTS_HMAC_SHA1_96,
  ETYPE.AES128_CTS_HMAC_SHA1_96,
];

/** RFC 3962 section 4: the count that is meant where none is said; fewer would ease a guess of the password. */
const DEFAULT_ITERATIONS = 4096;
/** More would let a false KDC keep this machine busy. */
const MAX_ITERATIONS = 1_000_000;

export interface KeySource {
  /** The etypes to ask for. */
  readonly etypes: readonly number[];
  /** The key that fits the ETYPE-INFO2 among `padata`. @throws KerberosError `etype-unsupported`, `value-out-of-range`, `der-*` */
  keyFor(padata: readonly PaData[] | undefined): Key;
}

/** @throws KerberosError `keytab-empty` where the keytab has no AES key of the client */
export function keySource(secret: ClientSecret, client: PrincipalName, realm: string): KeySource {
  return 'password' in secret
    ? passwordSource(secret.password, `${realm}${client.nameString.join('')}`)
    : keytabSource(secret.keytab, client, realm);
}

function passwordSource(password: string, defaultSalt: string): KeySource {
  const derived = new Map<string, Key>();
  return {
    etypes: CLIENT_ETYPES,
    keyFor(padata) {
      const { etype, salt = defaultSalt, s2kparams } = choose(padata, CLIENT_ETYPES);
      const iterations = readIterations(s2kparams);
      const id = `${etype} ${iterations} ${salt}`;
      const key = derived.get(id) ?? Key.fromPassword(password, salt, etype, iterations);
      derived.set(id, key);
      return key;
    },
  };
}

function keytabSource(keytab: readonly KeytabEntry[], client: PrincipalName, realm: string): KeySource {
  const entries = keytab
    .filter((entry) => entry.realm === realm && samePrincipal(entry.name, client))
    .sort((a, b) => b.kvno - a.kvno);
  const etypes = CLIENT_ETYPES.filter((etype) => entries.some((entry) => entry.etype === etype));
  if (etypes.length === 0)
    throw new KerberosError(
      'keytab-empty',
      `The keytab holds no AES key of ${client.nameString.join('/')}@${realm}. Export it again, with that name (klist -ke shows what is in it).`,
    );
  return {
    etypes,
    keyFor(padata) {
      const { etype } = choose(padata, etypes);
      const entry = entries.find((candidate) => candidate.etype === etype);
      if (!entry) throw noCommonEtype();
      return new Key(entry.etype, entry.key);
    },
  };
}

/** The KDC's first choice that is among ours; without a hint our own first. */
function choose(padata: readonly PaData[] | undefined, etypes: readonly number[]): EtypeInfo2[number] {
  const hint = findPaData(padata, PADATA.ETYPE_INFO2);
  if (!hint) return { etype: etypes[0] ?? 0 };
  const chosen = decodeDer(EtypeInfo2, hint).find(({ etype }) => etypes.includes(etype));
  if (!chosen) throw noCommonEtype();
  return chosen;
}

function readIterations(s2kparams: Uint8Array | undefined): number {
  if (!s2kparams) return DEFAULT_ITERATIONS;
  const iterations = s2kparams.length === 4 ? Buffer.from(s2kparams).readUInt32BE() : 0;
  if (iterations < DEFAULT_ITERATIONS || iterations > MAX_ITERATIONS)
    throw new KerberosError(
      'value-out-of-range',
      `The domain controller asks for ${iterations} rounds of password hashing; ${DEFAULT_ITERATIONS} to ${MAX_ITERATIONS} are done here.`,
    );
  return iterations;
}

export const noCommonEtype = () =>
  new KerberosError(
    'etype-unsupported',
    'The domain controller offers no AES key for this account. Allow AES for it, and set its password again.',
  );
