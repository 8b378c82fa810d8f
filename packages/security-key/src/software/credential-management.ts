/** authenticatorCredentialManagement (CTAP 2.1, section 6.8): list and delete resident credentials. */
import { type CborMap, CtapError, cborMap, decodeCbor, type Members, need } from '../cbor.ts';
import { COMMAND, CREDENTIAL_COMMAND, LIMIT, PERMISSION, STATUS } from '../registry.ts';
import { descriptor, readDescriptors, rpIdHash } from './credential.ts';
import { userEntity } from './get-assertion.ts';
import { readUser } from './make-credential.ts';
import type { Context, PinToken } from './session.ts';
import type { StoredCredential } from './state.ts';
import { readAuthParam, verifyToken } from './user-verification.ts';

export function credentialManagement(request: Members, context: Context): CborMap | undefined {
  const subcommand = need(request.integer(0x01), 'subCommand');
  const known: readonly number[] = Object.values(CREDENTIAL_COMMAND);
  if (!known.includes(subcommand))
    throw new CtapError(STATUS.INVALID_SUBCOMMAND, `no subcommand ${subcommand}`);
  const parameters = request.map(0x02);
  const auth = readAuthParam(request, 0x04, 0x03);
  if (auth === undefined) throw new CtapError(STATUS.PUAT_REQUIRED, 'credential management needs the PIN');
  const message = Buffer.concat([Buffer.of(subcommand), parameters?.encoded() ?? Buffer.alloc(0)]);
  const token = verifyToken(auth, message, PERMISSION.CREDENTIAL_MANAGEMENT, context);
  switch (subcommand) {
    case CREDENTIAL_COMMAND.GET_METADATA:
      refuseBound(token);
      return metadata(context);
    case CREDENTIAL_COMMAND.ENUMERATE_RPS:
      refuseBound(token);
      return enumerateRps(context);
    case CREDENTIAL_COMMAND.ENUMERATE_CREDENTIALS:
      return enumerateCredentials(need(parameters, 'subCommandParams'), token, context);
    case CREDENTIAL_COMMAND.DELETE:
      return deleteCredential(need(parameters, 'subCommandParams'), token, context);
    default:
      return updateUser(need(parameters, 'subCommandParams'), token, context);
  }
}

const resident = ({ key }: Context) => key.state.current.credentials.filter((one) => one.discoverable);

function metadata(context: Context): CborMap {
  return cborMap([
    [0x01, resident(context).length],
    [0x02, LIMIT.CREDENTIALS - context.key.state.current.credentials.length],
  ]);
}

function enumerateRps(context: Context): CborMap {
  const rps = new Map(resident(context).map((one) => [one.rpId, one.rpName]));
  const answers = [...rps].map(
    ([id, name]) =>
      () =>
        cborMap([
          [
            0x03,
            cborMap([
              ['id', id],
              ['name', name],
            ]),
          ],
          [0x04, rpIdHash(id)],
        ]),
  );
  if (answers.length === 0) return cborMap([[0x05, 0]]);
  return begin(CREDENTIAL_COMMAND.NEXT_RP, answers, [0x05, answers.length], context);
}

function enumerateCredentials(parameters: Members, token: PinToken, context: Context): CborMap {
  const hash = need(parameters.bytes(0x01, { min: 32, max: 32 }), 'rpIDHash');
  const found = resident(context).filter((one) => rpIdHash(one.rpId).equals(hash));
  for (const one of found) refuseOtherRp(token, one);
  if (found.length === 0) throw new CtapError(STATUS.NO_CREDENTIALS, 'no credential of this RP');
  const answers = found.map(
    (one) => () =>
      cborMap([
        [0x06, userEntity(one, { userVerified: true, count: 2 })],
        [0x07, descriptor(one)],
        // The state file holds the CBOR of the COSE key that this package wrote.
        [0x08, decodeCbor(Buffer.from(one.publicKey, 'base64url')) as CborMap],
        [0x0a, one.protection],
      ]),
  );
  return begin(CREDENTIAL_COMMAND.NEXT_CREDENTIAL, answers, [0x09, answers.length], context);
}

/** The first answer with the total; the rest waits for the "next" subcommand. */
function begin(
  subcommand: number,
  answers: readonly (() => CborMap)[],
  total: readonly [number, number],
  context: Context,
): CborMap {
  const [first, ...next] = answers;
  if (next.length > 0) {
    const expires = performance.now() + LIMIT.NEXT_ASSERTION;
    context.session.walk = { command: COMMAND.CREDENTIAL_MANAGEMENT, subcommand, next, expires };
  }
  return cborMap([...(first?.() ?? []), total]);
}

function deleteCredential(parameters: Members, token: PinToken, context: Context): undefined {
  const gone = find(parameters, token, context);
  const { state } = context.key;
  state.update({ credentials: state.current.credentials.filter((one) => one !== gone) });
}

function updateUser(parameters: Members, token: PinToken, context: Context): undefined {
  const old = find(parameters, token, context);
  const user = readUser(need(parameters.map(0x03), 'user'));
  if (user.userHandle !== old.userHandle) {
    throw new CtapError(STATUS.INVALID_PARAMETER, 'another user handle');
  }
  const { userName: _name, userDisplayName: _displayName, ...kept } = old; // names left out are removed
  const { state } = context.key;
  const credentials = state.current.credentials.map((one) => (one === old ? { ...kept, ...user } : one));
  state.update({ credentials });
}

function find(parameters: Members, token: PinToken, context: Context): StoredCredential {
  const ids = readDescriptors([need(parameters.map(0x02), 'credentialID')]);
  const found = resident(context).find((one) => ids.has(one.id));
  if (found === undefined) throw new CtapError(STATUS.NO_CREDENTIALS, 'no such credential');
  refuseOtherRp(token, found);
  return found;
}

function refuseBound(token: PinToken): void {
  if (token.rpId !== undefined) throw new CtapError(STATUS.PIN_AUTH_INVALID, 'the token is for one RP only');
}

function refuseOtherRp(token: PinToken, credential: StoredCredential): void {
  if (token.rpId !== undefined && token.rpId !== credential.rpId) {
    throw new CtapError(STATUS.PIN_AUTH_INVALID, 'the token is for another RP');
  }
}
