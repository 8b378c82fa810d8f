/** authenticatorGetAssertion and authenticatorGetNextAssertion (CTAP 2.1, sections 6.2 and 6.3). */
import { type CborMap, CtapError, cborMap, type Members, need } from '../cbor.ts';
import { signWith } from '../cose.ts';
import { COMMAND, LIMIT, PERMISSION, STATUS } from '../registry.ts';
import { authenticatorData, descriptor, nextCounter, openSecrets, readDescriptors } from './credential.ts';
import { type HmacSecret, readHmacSecret } from './hmac-secret.ts';
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

interface Ceremony {
  readonly rpId: string;
  readonly clientDataHash: Uint8Array;
  readonly userPresent: boolean;
  readonly userVerified: boolean;
  readonly hmacSecret: HmacSecret | undefined;
  readonly count: number;
}

export async function getAssertion(request: Members, context: Context): Promise<CborMap> {
  const rpId = need(request.text(0x01, { min: 1, max: LIMIT.RP_ID }), 'rpId');
  const clientDataHash = need(request.bytes(0x02, { min: 32, max: 32 }), 'clientDataHash');
  const allowed = readDescriptors(request.maps(0x03, LIMIT.CREDENTIALS_IN_LIST) ?? []);
  const hmacInput = request.map(0x04)?.map('hmac-secret');
  const options = request.map(0x05);

  const touch = { operation: 'get-assertion', rpId } as const;
  await answerProbe(request, 0x06, touch, context);
  const auth = readAuthParam(request, 0x06, 0x07);
  refuseBuiltInUv(options, auth);
  if (options?.has('rk')) throw new CtapError(STATUS.UNSUPPORTED_OPTION, 'rk is for registration');
  const userPresent = options?.boolean('up') ?? true;
  // Without a PIN there is only the silent question whether a credential is here, and that once unlocked.
  if (auth === undefined && (userPresent || !context.key.vault.unlocked)) {
    throw new CtapError(STATUS.PUAT_REQUIRED, 'this key always asks for its PIN');
  }
  const token = auth && verifyToken(auth, clientDataHash, PERMISSION.GET_ASSERTION, context);
  if (token) bindToRp(token, rpId);
  const userVerified = token !== undefined;

  const found = locate(context, rpId, request.has(0x03) ? allowed : undefined, userVerified);
  const [first, ...rest] = found;
  if (first === undefined) throw new CtapError(STATUS.NO_CREDENTIALS, 'no credential for this RP');
  if (hmacInput && !userPresent) throw new CtapError(STATUS.UNSUPPORTED_OPTION, 'hmac-secret needs a touch');
  const hmacSecret = hmacInput && readHmacSecret(hmacInput, context.session);
  if (userPresent) {
    await context.touch(touch);
    spend(token);
  }
  const ceremony = { rpId, clientDataHash, userPresent, userVerified, hmacSecret, count: found.length };
  if (rest.length > 0) {
    context.session.walk = {
      command: COMMAND.GET_NEXT_ASSERTION,
      next: rest.map((credential) => () => answer(context, ceremony, credential)),
      expires: performance.now() + LIMIT.NEXT_ASSERTION,
    };
  }
  const members = answer(context, ceremony, first);
  return rest.length > 0 ? cborMap([...members, [0x05, found.length]]) : members;
}

/** The credentials that may answer, newest first: one of allowList, or all discoverable ones. */
function locate(
  context: Context,
  rpId: string,
  allowed: ReadonlySet<string> | undefined,
  userVerified: boolean,
): readonly StoredCredential[] {
  const listed = allowed !== undefined && allowed.size > 0;
  const mayAnswer = ({ protection }: StoredCredential) =>
    userVerified || protection === 1 || (protection === 2 && listed);
  const found = context.key.state.current.credentials
    .filter((one) => one.rpId === rpId && (listed ? allowed.has(one.id) : one.discoverable) && mayAnswer(one))
    .toReversed();
  return listed ? found.slice(0, 1) : found;
}

function answer(context: Context, ceremony: Ceremony, credential: StoredCredential): CborMap {
  const { state, vault } = context.key;
  const { privateKey, credRandom } = openSecrets(vault, credential);
  const output = credential.hmacSecret ? ceremony.hmacSecret?.(credRandom) : undefined;
  credRandom.fill(0);
  const data = authenticatorData({
    rpId: ceremony.rpId,
    userPresent: ceremony.userPresent,
    userVerified: ceremony.userVerified,
    counter: nextCounter(state),
    extensions: cborMap([['hmac-secret', output]]),
  });
  const signature = signWith(
    credential.algorithm,
    privateKey,
    Buffer.concat([data, ceremony.clientDataHash]),
  );
  return cborMap([
    [0x01, descriptor(credential)],
    [0x02, data],
    [0x03, signature],
    [0x04, credential.discoverable ? userEntity(credential, ceremony) : undefined],
  ]);
}

/** Names are for choosing among several accounts, and only after the PIN. */
export function userEntity(
  credential: StoredCredential,
  { userVerified, count }: Pick<Ceremony, 'userVerified' | 'count'>,
): CborMap {
  const named = userVerified && count > 1;
  return cborMap([
    ['id', Buffer.from(credential.userHandle, 'base64url')],
    ['name', named ? credential.userName : undefined],
    ['displayName', named ? credential.userDisplayName : undefined],
  ]);
}
