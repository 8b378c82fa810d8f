/** What a registered key counts as, from what was recorded and the metadata of today. */
import { expect, test } from 'vitest';
import { attestationCertificate, packed } from '../../test/attestation.ts';
import { TestKey } from '../../test/authenticator.ts';
import { entry, root } from '../../test/metadata.ts';
import { KeyModel } from '../metadata/models.ts';
import { attestationOfCredential } from './credential-attestation.ts';

const AAGUID = '2fc0579f-8113-47ea-b116-bb5a8db9202a';

test('the chain must have been valid at registration, and the statement verified then', async () => {
  const validity = {
    notBefore: new Date('2020-01-01T00:00:00Z'),
    notAfter: new Date('2021-01-01T00:00:00Z'),
  };
  const vendor = await root('CN=Vendor', { notBefore: validity.notBefore });
  const leaf = await attestationCertificate(vendor, validity);
  const options = {
    publicKey: { challenge: 'eA', rp: { id: 'localhost' }, user: { id: 'dQ' } },
    origin: 'https://localhost',
  };
  const { response } = new TestKey(AAGUID).create(options, { attest: packed(leaf) });
  const model = new KeyModel(AAGUID, entry({ aaguid: AAGUID, roots: [vendor] }));
  const metadata = {
    edition: { number: 1, nextUpdate: '2020-02-01', models: new Map() },
    model: () => model,
  };
  const of = (id: string, createdOn: string, verified = 1, object = response.attestationObject) =>
    attestationOfCredential(metadata, {
      id,
      statement_verified: verified,
      attestation_object: object,
      created_on: createdOn,
    });
  expect(of('a', '2020-06-01T00:00:00.000Z')).toMatchObject({ level: 'attested' });
  expect(of('b', '2022-06-01T00:00:00.000Z')).toMatchObject({ reason: 'chain-expired' });
  expect(of('c', '2020-06-01T00:00:00.000Z', 0)).toMatchObject({ reason: 'statement-unverified' });
  expect(of('d', '2020-06-01T00:00:00.000Z', 1, 'oA')).toMatchObject({ reason: 'statement-unverified' });
  // Of one edition the answer is kept; another edition is asked anew.
  const other = new KeyModel(AAGUID, entry({ aaguid: AAGUID }));
  const next = { edition: { ...metadata.edition, number: 2 }, model: () => other };
  const row = {
    id: 'a',
    statement_verified: 1,
    attestation_object: response.attestationObject,
    created_on: '2020-06-01T00:00:00.000Z',
  };
  expect(attestationOfCredential(next, row)).toMatchObject({ reason: 'root-unknown' });
});
