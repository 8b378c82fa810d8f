/** Keys and passes for users through the Graph-shaped API: over the socket, over the network, and what it refuses. */
import { createPrivateKey, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestKey } from '../../test/authenticator.ts';
import { ALICE, type Answer, startWorld, type World } from '../../test/world.ts';
import { type Enrolment, enrolClient } from '../clients/enrolled.ts';
import { CLIENT_ASSERTION_TYPE, CLIENT_CREDENTIALS } from '../clients/schema.ts';
import { statePaths } from '../config/paths.ts';

const BLUE = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
const FIDO2 = '/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/fido2';
const PASS_POLICY =
  '/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass';
const KEYS = '/users/alice/authentication/fido2Methods';
const PASSES = '/users/alice/authentication/temporaryAccessPassMethods';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.admin.users.create(ALICE);
});
afterAll(() => world.close());

type Asked = Pick<Answer, 'status' | 'json'>;

/** Over the admin socket, as the transport of commands would, but with every status. */
async function graph(method: string, path: string, body?: unknown): Promise<Asked> {
  const { promise, resolve, reject } = Promise.withResolvers<Asked>();
  const text = body === undefined ? undefined : JSON.stringify(body);
  const sent = request(
    {
      socketPath: statePaths(world.stateDir).socket,
      method,
      path: `/v1.0${path}`,
      headers: text === undefined ? {} : { 'content-type': 'application/json' },
    },
    async (response) => {
      const answer = Buffer.concat(await response.toArray()).toString('utf8');
      resolve({ status: response.statusCode ?? 0, json: answer === '' ? undefined : JSON.parse(answer) });
    },
  );
  sent.on('error', reject);
  sent.end(text);
  return promise;
}

test('a key is registered on behalf of a user, listed, and removed', async () => {
  const key = new TestKey();
  const options = await graph('GET', `${KEYS}/creationOptions(challengeTimeoutInMinutes=60)`);
  expect(options.status).toBe(200);
  const minutes = (Date.parse(options.json.challengeTimeoutDateTime) - Date.now()) / 60_000;
  expect(Math.round(minutes)).toBe(60);
  const { id, response } = key.create({ publicKey: options.json.publicKey, origin: 'https://localhost' });
  const { clientDataJSON, attestationObject } = response;
  const padded = Buffer.from(attestationObject, 'base64url').toString('base64');
  const body = {
    displayName: 'Provisioned',
    publicKeyCredential: {
      id,
      response: { clientDataJSON, attestationObject: padded },
      clientExtensionResults: { credProps: { rk: true } },
    },
  };
  const made = await graph('POST', KEYS, body);
  expect([made.status, made.json]).toMatchObject([
    201,
    { id, displayName: 'Provisioned', attestationLevel: 'notAttested', passkeyType: 'deviceBound' },
  ]);
  expect((await graph('POST', KEYS, body)).json.error.code).toBe('challenge-unknown');
  expect((await graph('GET', KEYS)).json.value).toEqual([made.json]);
  expect((await graph('GET', `${KEYS}/${id}`)).json).toEqual(made.json);
  expect((await graph('DELETE', `${KEYS}/${id}`)).status).toBe(204);
  expect(await graph('DELETE', `${KEYS}/${id}`)).toMatchObject({
    status: 404,
    json: { error: { code: 'key-not-found' } },
  });
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({ event: 'key.removed' });
});

test.each([
  'creationOptions',
  'creationOptions()',
  'microsoft.graph.creationOptions(challengeTimeoutInMinutes=5)',
])('%s gives options', async (name) => {
  expect((await graph('GET', `${KEYS}/${name}`)).json.publicKey).toMatchObject({
    rp: { id: 'localhost' },
    attestation: 'direct',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
});

test.each([
  'creationOptions(challengeTimeoutInMinutes=4)',
  'creationOptions(challengeTimeoutInMinutes=43201)',
  'creationOptions?challengeTimeoutInMinutes=x',
])('%s is refused', async (name) => {
  expect(await graph('GET', `${KEYS}/${name}`)).toMatchObject({
    status: 400,
    json: { error: { code: 'request-malformed', innerError: { 'request-id': expect.any(String) } } },
  });
});

test('the sign-ins of a user are ended', async () => {
  const ended = await graph('POST', '/users/alice/revokeSignInSessions');
  expect([ended.status, ended.json]).toEqual([200, { value: true }]);
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({ event: 'user.signed-out' });
  expect((await graph('POST', '/users/nobody/revokeSignInSessions')).status).toBe(404);
});

test('a pass is made, shown without itself, and deleted by its id', async () => {
  const made = await graph('POST', PASSES, { lifetimeInMinutes: 30, isUsableOnce: true });
  expect([made.status, made.json.temporaryAccessPass]).toEqual([201, expect.stringMatching(/^[0-9A-Z]{8}$/)]);
  const { value } = (await graph('GET', PASSES)).json;
  expect(value).toEqual([{ ...made.json, temporaryAccessPass: null }]);
  expect((await graph('GET', `${PASSES}/${made.json.id}`)).json).toEqual(value[0]);
  expect((await graph('DELETE', `${PASSES}/${BLUE}`)).status).toBe(404);
  expect((await graph('DELETE', `${PASSES}/${made.json.id}`)).status).toBe(204);
  expect((await graph('GET', PASSES)).json).toEqual({ value: [] });
  expect((await graph('PATCH', PASS_POLICY, { defaultLength: 48 })).json).toMatchObject({
    id: 'TemporaryAccessPass',
    defaultLength: 48,
  });
  expect((await graph('GET', PASS_POLICY)).json).toMatchObject({ state: 'enabled', defaultLength: 48 });
});

test('the policy for keys is seen and changed', async () => {
  const before = await graph('GET', FIDO2);
  expect(before.json).toEqual({
    '@odata.type': '#microsoft.graph.fido2AuthenticationMethodConfiguration',
    id: 'Fido2',
    state: 'enabled',
    isAttestationEnforced: false,
    isSelfServiceRegistrationAllowed: true,
    keyRestrictions: { isEnforced: false, enforcementType: 'allow', aaGuids: [] },
    includeTargets: [{ targetType: 'group', id: 'all_users', isRegistrationRequired: false }],
    excludeTargets: [],
  });
  expect(await graph('PATCH', FIDO2, before.json)).toEqual(before); // what was read may be sent back
  const changes = { isAttestationEnforced: true, keyRestrictions: { isEnforced: true, aaGuids: [BLUE] } };
  expect((await graph('PATCH', FIDO2, changes)).json.keyRestrictions).toEqual({
    isEnforced: true,
    enforcementType: 'allow',
    aaGuids: [BLUE],
  });
  expect(await world.admin.keyPolicies.show('default')).toMatchObject({
    attestationEnforced: true,
    passkeyTypes: ['deviceBound', 'synced'],
  });
  for (const wrong of [
    { state: 'disabled' },
    { isAttestationEnforced: 'no' },
    { userVerification: 'discouraged' },
    { includeTargets: [{ id: 'a-group' }] },
  ]) {
    expect((await graph('PATCH', FIDO2, wrong)).status).toBe(400);
  }
  await world.admin.keyPolicies.remove('default');
});

test('over the network: an enrolled client may, a stranger may not, and is told so in the same shape', async () => {
  const stranger = await world.send('GET', `/v1.0${KEYS}`);
  expect([stranger.status, stranger.json.error.code]).toEqual([401, 'authentication-required']);
  const clientsDir = mkdtempSync(join(tmpdir(), 'kennel-graph-'));
  try {
    const { token } = await world.admin.clients.invite({ scope: 'administrator' });
    const { url: tenantUrl, caFile } = world;
    const enrolment = await enrolClient({ clientsDir, tenantUrl, caFile, name: 'mdm', token });
    const authorization = `Bearer ${await accessTokenOf(clientsDir, enrolment)}`;
    const made = await world.send('POST', `/v1.0${PASSES}`, '{}', {
      authorization,
      'content-type': 'application/json',
    });
    expect(made.status).toBe(201);
    expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
      event: 'pass.created',
      actor: 'client:mdm',
    });
  } finally {
    rmSync(clientsDir, { recursive: true });
  }
});

/** By private_key_jwt, as any program would. */
async function accessTokenOf(clientsDir: string, { id, issuer, name }: Enrolment): Promise<string> {
  const key = createPrivateKey(readFileSync(join(clientsDir, name, 'key.pem')));
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(issuer)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('60 s')
    .sign(key);
  const answer = await world.form({
    grant_type: CLIENT_CREDENTIALS,
    client_assertion_type: CLIENT_ASSERTION_TYPE,
    client_assertion: assertion,
  });
  return answer.json.access_token;
}
