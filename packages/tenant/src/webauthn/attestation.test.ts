/**
 * Attestation: published vectors of each format (their chains have expired: the time is theirs), statements signed
 * under a root made here, and the ways in which other servers were led to believe an AAGUID.
 */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import {
  type Attester,
  aaguidExtension,
  attestationCertificate,
  packed,
  packedSelf,
  safetyNet,
} from '../../test/attestation.ts';
import { TestKey } from '../../test/authenticator.ts';
import { type EntryWishes, entry, type Issued, issue, root, rsaKeys } from '../../test/metadata.ts';
import { KeyModel } from '../metadata/models.ts';
import { type CheckedRegistration, checkRegistration } from './verify-registration.ts';

const AAGUID = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
const OTHER = 'd8522d9f-575b-4866-88a9-ba99fa02f35b';
const ORIGIN = 'https://login.example.com';
const CHALLENGE = 'Y2hhbGxlbmdl';

const model = (wishes: EntryWishes) => new KeyModel(wishes.aaguid, entry(wishes));
const modelsOf =
  (...models: KeyModel[]) =>
  (aaGuid: string) =>
    models.find((one) => one.aaGuid === aaGuid);

afterEach(() => {
  vi.useRealTimers();
});

interface Vector {
  at: string;
  rpId: string;
  origin: string;
  challenge: string;
  aaGuid: string;
  attestationTypes: string[];
  roots: string[];
  id: string;
  clientDataJSON: string;
  attestationObject: string;
}
const folder = new URL('../../vectors/webauthn/', import.meta.url);
const vectors = readdirSync(folder).map(
  (file) =>
    [file.replace('.json', ''), JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vector] as const, // our own files
);
const EXPECTED: Record<string, string> = {
  none: 'none',
  'packed-self': 'self-attestation',
  packed: 'attested',
  tpm: 'attested',
  'android-key': 'attested',
  'fido-u2f': 'aaguid-absent',
  apple: 'aaguid-absent', // its authenticators of that time named none
};

function check(vector: Vector, changes: Partial<Vector> = {}) {
  const v = { ...vector, ...changes };
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(v.at) });
  const statement = {
    description: 'vector',
    attestationTypes: v.attestationTypes,
    attestationRootCertificates: v.roots,
  };
  return checkRegistration({
    response: {
      id: v.id,
      rawId: v.id,
      clientDataJSON: v.clientDataJSON,
      attestationObject: v.attestationObject,
    },
    challenge: v.challenge,
    origins: [v.origin],
    rpId: v.rpId,
    requireUserVerification: false, // not all of them had it
    modelOf: modelsOf(new KeyModel(v.aaGuid, { metadataStatement: statement, statusReports: [] })),
    now: new Date(v.at),
  });
}
const levelOf = (result: CheckedRegistration | { cause: string }) =>
  'cause' in result
    ? result.cause
    : result.attestation.level === 'attested'
      ? 'attested'
      : result.attestation.reason;

test('there is a vector of each format but SafetyNet, which was shut down', () => {
  expect(vectors.map(([name]) => name).sort()).toEqual(Object.keys(EXPECTED).sort());
});

test.each(vectors)('the published %s registration is verified', async (name, vector) => {
  const result = await check(vector);
  expect(levelOf(result)).toBe(EXPECTED[name]);
  expect(result).toMatchObject({ statementVerified: true });
});

test.each(vectors.filter(([name]) => EXPECTED[name] === 'attested'))(
  'the published %s registration counts with its own roots, of its own type, in its own time only',
  async (_name, vector) => {
    const stranger = (await root()).der.toString('base64');
    expect(levelOf(await check(vector, { roots: [stranger] }))).toBe('root-unknown');
    expect(levelOf(await check(vector, { roots: [] }))).toBe('root-unknown');
    expect(levelOf(await check(vector, { attestationTypes: ['basic_surrogate'] }))).toBe('format-unexpected');
    const late = await check(vector, { at: '2150-01-01T00:00:00Z' });
    expect(levelOf(late)).toBe('chain-expired');
    expect(late).toMatchObject({ statementVerified: false });
  },
);

test.each(vectors.filter(([name]) => name !== 'none'))(
  'the published %s registration under another challenge is refused',
  async (name, vector) => {
    const data = JSON.parse(Buffer.from(vector.clientDataJSON, 'base64url').toString());
    const changed = Buffer.from(JSON.stringify({ ...data, challenge: CHALLENGE })).toString('base64url');
    const result = await check(vector, { challenge: CHALLENGE, clientDataJSON: changed });
    expect(Object.keys(result), name).toEqual(['cause']);
  },
);

let vendor: Issued;
let leaf: Issued;
let otherVendor: Issued;
beforeAll(async () => {
  [vendor, otherVendor] = [await root('CN=Vendor'), await root('CN=Other Vendor')];
  leaf = await attestationCertificate(vendor, { extensions: [aaguidExtension(AAGUID)] });
});

/** A registration at a key that claims AAGUID, against metadata of two vendors. */
function register(attest: Attester, claimed = AAGUID, known?: KeyModel[]) {
  const key = new TestKey(claimed);
  const options = {
    publicKey: { challenge: CHALLENGE, rp: { id: 'example.com' }, user: { id: 'dQ' } },
    origin: ORIGIN,
  };
  const { id, response } = key.create(options, { attest });
  return verify(id, response, known);
}
function verify(
  id: string,
  response: { clientDataJSON: string; attestationObject: string },
  known = [model({ aaguid: AAGUID, roots: [vendor] }), model({ aaguid: OTHER, roots: [otherVendor] })],
) {
  return checkRegistration({
    response: { id, rawId: id, ...response },
    challenge: CHALLENGE,
    origins: [ORIGIN],
    rpId: 'example.com',
    requireUserVerification: true,
    modelOf: modelsOf(...known),
    now: new Date(),
  });
}

test('a chain to the roots of that AAGUID counts, over an intermediate too', async () => {
  expect(levelOf(await register(packed(leaf)))).toBe('attested');
  const batch = await issue({ subject: 'CN=Batch', issuer: vendor, ca: true, pathLength: 0 });
  const below = await attestationCertificate(batch);
  expect(levelOf(await register(packed(below, [below, batch])))).toBe('attested');
  expect(levelOf(await register(packed(below, [below, batch, vendor])))).toBe('attested');
  expect(levelOf(await register(packed(below, [below])))).toBe('root-unknown');
});

test('an AAGUID that nothing proves does not count: none, self-attestation, no metadata', async () => {
  expect(levelOf(await register(() => ({ fmt: 'none', statement: new Map() })))).toBe('none');
  expect(levelOf(await register(packedSelf))).toBe('self-attestation');
  expect(levelOf(await register(packed(leaf), AAGUID, []))).toBe('model-unknown');
  expect(levelOf(await register(packed(leaf), AAGUID, [model({ aaguid: AAGUID })]))).toBe('root-unknown');
});

test('a root that the attestation brings along is nobody', async () => {
  const forger = await root('CN=Vendor');
  const forged = await attestationCertificate(forger, { extensions: [aaguidExtension(AAGUID)] });
  expect(levelOf(await register(packed(forged, [forged, forger])))).toBe('root-unknown');
  expect(levelOf(await register(packed(forged, [forged, forger, vendor])))).toBe('chain-broken');
  expect(levelOf(await register(packed(forged, [forged, vendor])))).toBe('chain-broken');
});

test("another model's chain proves nothing of this AAGUID", async () => {
  const theirs = await attestationCertificate(otherVendor);
  expect(levelOf(await register(packed(theirs)))).toBe('root-unknown');
  // One root for two models: the certificate says which of them it is.
  const both = [model({ aaguid: AAGUID, roots: [vendor] }), model({ aaguid: OTHER, roots: [vendor] })];
  expect(levelOf(await register(packed(leaf), OTHER, both))).toContain('id-fido-gen-ce-aaguid');
});

test('a chain over a certificate that is no CA, too deep, or out of time does not count', async () => {
  const child = await attestationCertificate(leaf);
  expect(levelOf(await register(packed(child, [child, leaf])))).toBe('chain-broken');
  const narrow = await issue({ subject: 'CN=Narrow', issuer: vendor, ca: true, pathLength: 0 });
  const deep = await issue({ subject: 'CN=Deep', issuer: narrow, ca: true });
  const bottom = await attestationCertificate(deep);
  expect(levelOf(await register(packed(bottom, [bottom, deep, narrow])))).toBe('chain-broken');
  const past = { notBefore: new Date(2020, 0), notAfter: new Date(2021, 0) };
  expect(levelOf(await register(packed(await attestationCertificate(vendor, past))))).toBe('chain-expired');
  const expired = await root('CN=Expired', past);
  const models = [model({ aaguid: AAGUID, roots: [expired] })];
  const under = await attestationCertificate(expired);
  expect(levelOf(await register(packed(under), AAGUID, models))).toBe('chain-expired');
});

test('one format does not pass for another', async () => {
  const as =
    (fmt: string): Attester =>
    (p) => ({ ...packed(leaf)(p), fmt });
  for (const fmt of [
    'none',
    'fido-u2f',
    'tpm',
    'apple',
    'android-key',
    'android-safetynet',
    'PACKED',
    '__proto__',
  ]) {
    const result = await register(as(fmt));
    expect('cause' in result || levelOf(result) !== 'attested', fmt).toBe(true);
  }
  // A statement whose x5c is there, but empty or no list, is not self-attestation.
  for (const x5c of [[], 'x', [1]]) {
    const result = await register((p) => {
      const { fmt, statement } = packedSelf(p);
      return { fmt, statement: new Map([...statement, ['x5c', x5c]]) };
    });
    expect('cause' in result || levelOf(result) === 'chain-malformed').toBe(true);
  }
});

test('SafetyNet counts with its chain, and not without, nor under a certificate for another AAGUID', async () => {
  const wishes = { subject: 'CN=attest.android.com', issuer: vendor, keys: await rsaKeys() };
  const google = await issue(wishes);
  const make = async (known: KeyModel[], by = google) => {
    const key = new TestKey(AAGUID);
    const options = {
      publicKey: { challenge: CHALLENGE, rp: { id: 'example.com' }, user: { id: 'dQ' } },
      origin: ORIGIN,
    };
    let attest: Promise<Attester> | undefined;
    key.create(options, {
      attest: (p) => {
        attest = safetyNet(by, p);
        return packedSelf(p);
      },
    });
    const made = await attest;
    const { id, response } = key.create(options, made === undefined ? {} : { attest: made });
    return levelOf(await verify(id, response, known));
  };
  expect(await make([model({ aaguid: AAGUID, roots: [vendor] })])).toBe('attested');
  const other = await issue({ ...wishes, extensions: [aaguidExtension(OTHER)] });
  expect(await make([model({ aaguid: AAGUID, roots: [vendor] })], other)).toBe('aaguid-mismatch');
  expect(await make([model({ aaguid: AAGUID, roots: [otherVendor] })])).toBe('root-unknown');
});

// The others never count: FIDO U2F and Apple named no AAGUID, `none` and self-attestation prove none.
test.each(vectors.filter(([name]) => EXPECTED[name] === 'attested'))(
  'any changed byte of the published %s attestation, and it does not count',
  async (_name, vector) => {
    const object = Buffer.from(vector.attestationObject, 'base64url');
    // Some bring a copy of the root along: the metadata's own is what counts, whatever the copy says.
    const copies = vector.roots.map((text) => {
      const der = Buffer.from(text, 'base64');
      const start = object.indexOf(der);
      return { start, end: start < 0 ? start : start + der.length };
    });
    const isCopy = (at: number) => copies.some(({ start, end }) => at >= start && at < end);
    const places = fc.nat(object.length - 1).filter((at) => !isCopy(at));
    await fc.assert(
      fc.asyncProperty(places, fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Buffer.from(object);
        changed.writeUInt8((object[at] ?? 0) ^ by, at);
        const result = await check(vector, { attestationObject: changed.toString('base64url') });
        return levelOf(result) !== 'attested';
      }),
      { numRuns: 300 },
    );
  },
);

test('any changed byte of a signed attestation, and it does not count', async () => {
  const key = new TestKey(AAGUID);
  const options = {
    publicKey: { challenge: CHALLENGE, rp: { id: 'example.com' }, user: { id: 'dQ' } },
    origin: ORIGIN,
  };
  const { id, response } = key.create(options, { attest: packed(leaf) });
  const object = Buffer.from(response.attestationObject, 'base64url');
  expect(levelOf(await verify(id, response))).toBe('attested');
  await fc.assert(
    fc.asyncProperty(fc.nat(object.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const changed = Buffer.from(object);
      changed.writeUInt8((object[at] ?? 0) ^ by, at);
      const result = await verify(id, { ...response, attestationObject: changed.toString('base64url') });
      return 'cause' in result || result.attestation.level === 'notAttested';
    }),
    { numRuns: 1000 },
  );
});
