/** authenticatorMakeCredential (CTAP 2.1, section 6.1), with packed self attestation. */
import { randomBytes } from 'node:crypto';
import { type CborMap, CtapError, cborMap, encodeCbor, type Members, need } from '../cbor.ts';
import { credentialPublicKey, generateCredentialKey, signWith } from '../cose.ts';
import { ALGORITHM, LIMIT, PERMISSION, STATUS } from '../registry.ts';
import { authenticatorData, nextCounter, readDescriptors, sealSecrets } from './credential.ts';
import type { Context } from './session.ts';
import type { StoredCredential } from './state.ts';
import {
  answerProbe,
  bindToRp,
  readAuthParam,
  refuseBuiltInUv,
  spend,
  verifyToken,
} from './user-verification.ts';

const SUPPORTED: readonly number[] = [ALGORITHM.ES256, ALGORITHM.EDDSA];

export async function makeCredential(request: Members, context: Context): Promise<CborMap> {
  const clientDataHash = need(request.bytes(0x01, { min: 32, max: 32 }), 'clientDataHash');
  const rp = need(request.map(0x02), 'rp');
  const rpId = need(rp.text('id', { min: 1, max: LIMIT.RP_ID }), 'rp.id');
  const user = readUser(need(request.map(0x03), 'user'));
  const algorithm = chooseAlgorithm(need(request.maps(0x04, LIMIT.CREDENTIALS_IN_LIST), 'pubKeyCredParams'));
  const excluded = readDescriptors(request.maps(0x05, LIMIT.CREDENTIALS_IN_LIST) ?? []);
  const extensions = readExtensions(request.map(0x06));
  const options = request.map(0x07);
  if (request.has(0x0a)) throw new CtapError(STATUS.INVALID_PARAMETER, 'no enterprise attestation');

  const touch = { operation: 'make-credential', rpId, userName: user.userName ?? '' } as const;
  await answerProbe(request, 0x08, touch, context);
  const auth = readAuthParam(request, 0x08, 0x09);
  if (algorithm === undefined) throw new CtapError(STATUS.UNSUPPORTED_ALGORITHM, 'no known algorithm');
  refuseBuiltInUv(options, auth);
  if (options?.boolean('up') === false) throw new CtapError(STATUS.INVALID_OPTION, 'up: false');
  if (auth === undefined) throw new CtapError(STATUS.PUAT_REQUIRED, 'this key always asks for its PIN');
  const token = verifyToken(auth, clientDataHash, PERMISSION.MAKE_CREDENTIAL, context);
  bindToRp(token, rpId);

  const { state, vault } = context.key;
  await context.touch(touch);
  spend(token);
  if (state.current.credentials.some((one) => one.rpId === rpId && excluded.has(one.id))) {
    throw new CtapError(STATUS.CREDENTIAL_EXCLUDED, 'a credential of excludeList is here');
  }
  const discoverable = options?.boolean('rk') ?? false;
  // A second resident credential of the same account replaces the first (section 6.1.2, step 17).
  const others = state.current.credentials.filter(
    (one) => !(discoverable && one.discoverable && one.rpId === rpId && one.userHandle === user.userHandle),
  );
  if (others.length >= LIMIT.CREDENTIALS) throw new CtapError(STATUS.KEY_STORE_FULL, 'no room');

  const { privateKey, publicKey } = generate(algorithm);
  const id = randomBytes(32).toString('base64url');
  const rpName = rp.text('name');
  const credential: StoredCredential = {
    id,
    rpId,
    ...(rpName === undefined ? {} : { rpName: clip(rpName) }),
    ...user,
    algorithm,
    publicKey: Buffer.from(encodeCbor(credentialPublicKey(algorithm, publicKey))).toString('base64url'),
    discoverable,
    hmacSecret: extensions.hmacSecret,
    protection: extensions.protection ?? 1,
    sealed: sealSecrets(vault, { id, rpId }, { privateKey, credRandom: randomBytes(32) }),
  };
  state.update({ credentials: [...others, credential] });

  const data = authenticatorData({
    rpId,
    userPresent: true,
    userVerified: true,
    counter: nextCounter(state),
    credential,
    extensions: cborMap([
      ['credProtect', extensions.protection],
      ['hmac-secret', extensions.hmacSecret || undefined],
    ]),
  });
  const sig = signWith(algorithm, privateKey, Buffer.concat([data, clientDataHash]));
  return cborMap([
    [0x01, 'packed'],
    [0x02, data],
    [
      0x03,
      cborMap([
        ['alg', algorithm],
        ['sig', sig],
      ]),
    ],
  ]);
}

/** PublicKeyCredentialUserEntity as it is stored: base64url id, names cut to 64 bytes. */
export function readUser(user: Members) {
  const id = need(user.bytes('id', { min: 1, max: LIMIT.USER_HANDLE }), 'user.id');
  const name = user.text('name');
  const displayName = user.text('displayName');
  return {
    userHandle: Buffer.from(id).toString('base64url'),
    ...(name === undefined ? {} : { userName: clip(name) }),
    ...(displayName === undefined ? {} : { userDisplayName: clip(displayName) }),
  };
}

/** The first known algorithm in the RP's order; every entry must be well formed. */
function chooseAlgorithm(list: readonly Members[]): number | undefined {
  const algorithms = list.map((item) => ({
    alg: need(item.integer('alg'), 'alg'),
    type: need(item.text('type'), 'type'),
  }));
  return algorithms.find(({ alg, type }) => type === 'public-key' && SUPPORTED.includes(alg))?.alg;
}

function readExtensions(extensions: Members | undefined) {
  const protection = extensions?.integer('credProtect');
  if (protection !== undefined && ![1, 2, 3].includes(protection)) {
    throw new CtapError(STATUS.INVALID_OPTION, 'credProtect: not 1, 2 or 3');
  }
  return { protection, hmacSecret: extensions?.boolean('hmac-secret') ?? false };
}

function generate(algorithm: number) {
  const pair = generateCredentialKey(algorithm);
  if (pair === undefined) throw new CtapError(STATUS.UNSUPPORTED_ALGORITHM, 'no known algorithm');
  return pair;
}

/** At most LIMIT.NAME bytes of UTF-8, cut between characters. */
function clip(name: string): string {
  let clipped = '';
  for (const character of name) {
    if (Buffer.byteLength(clipped + character) > LIMIT.NAME) break;
    clipped += character;
  }
  return clipped;
}
