/** The PRT request as a tenant reads it. */
import { randomBytes } from 'node:crypto';
import { certificatesOf, parseJws, verifyJws } from '@kennel/prt';
import { jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { newSoftwareKeys } from '../keys/software.ts';
import { prtRequest } from './request.ts';

test('it is signed by the device key, names the certificate, and bears no time', async () => {
  const { device } = await newSoftwareKeys(() => {
    throw new Error('nothing is stored');
  });
  const { publicKey } = device;
  const certificate = randomBytes(700);
  const text = await prtRequest({
    nonce: 'a-nonce',
    assertion: '{"id":"x"}',
    certificate,
    deviceKey: device,
  });
  const jws = parseJws(text);
  verifyJws(jws, publicKey);
  expect(certificatesOf(jws.header)).toEqual([certificate]);
  expect(jws.header).toMatchObject({ alg: 'RS256', typ: 'JWT', kdf_ver: 2 });
  expect(jws.payload).toEqual({
    client_id: '38aa3b87-a06d-4817-b275-7a316988d93b',
    request_nonce: 'a-nonce',
    scope: 'openid aza',
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    win_ver: expect.stringMatching(/^\d/),
    assertion: '{"id":"x"}',
    session_key_enc: 'A256GCM',
  });
  // A library that we did not write reads it too.
  expect((await jwtVerify(text, publicKey)).payload).toEqual(jws.payload);
});
