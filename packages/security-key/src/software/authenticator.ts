/** One CTAP request in, one answer out: the dispatch of section 6 of CTAP 2.1. Whatever comes, a status goes back. */
import { type CborMap, CtapError, decodeCbor, encodeCbor, Members } from '../cbor.ts';
import { COMMAND, CREDENTIAL_COMMAND, STATUS } from '../registry.ts';
import { clientPin } from './client-pin.ts';
import { configuration } from './configuration.ts';
import { credentialManagement } from './credential-management.ts';
import { getAssertion } from './get-assertion.ts';
import { getInfo } from './get-info.ts';
import { makeCredential } from './make-credential.ts';
import type { Context } from './session.ts';

/**
 * Handle a request (command byte and CBOR) and give the answer (status byte and CBOR). A refusal is a status;
 * anything unforeseen goes to `report` and answers OTHER.
 */
export async function handleRequest(
  request: Uint8Array,
  context: Context,
  report: (error: unknown) => void,
): Promise<Uint8Array> {
  try {
    const answer = await dispatch(request, context);
    return Buffer.concat([Buffer.of(STATUS.OK), answer ? encodeCbor(answer) : Buffer.alloc(0)]);
  } catch (error) {
    if (error instanceof CtapError) return Buffer.of(error.status);
    report(error);
    return Buffer.of(STATUS.OTHER);
  }
}

function dispatch(request: Uint8Array, context: Context): CborMap | undefined | Promise<CborMap | undefined> {
  const [command] = request;
  if (command === undefined) throw new CtapError(STATUS.INVALID_LENGTH, 'empty request');
  const body = request.subarray(1);
  const walk = takeWalk(context);
  switch (command) {
    case COMMAND.GET_INFO:
      return getInfo(context);
    case COMMAND.MAKE_CREDENTIAL:
      return makeCredential(members(body), context);
    case COMMAND.GET_ASSERTION:
      return getAssertion(members(body), context);
    case COMMAND.GET_NEXT_ASSERTION:
      return step(walk, command, undefined, context);
    case COMMAND.CLIENT_PIN:
      return clientPin(members(body), context);
    case COMMAND.CREDENTIAL_MANAGEMENT:
    case COMMAND.CREDENTIAL_MANAGEMENT_PREVIEW:
      return manage(members(body), walk, context);
    case COMMAND.CONFIG:
      return configuration(members(body), context);
    case COMMAND.RESET:
      return reset(context);
    case COMMAND.SELECTION:
      return select(context);
    default:
      throw new CtapError(STATUS.INVALID_COMMAND, `no command ${command}`);
  }
}

const members = (body: Uint8Array) => new Members(decodeCbor(body));

/** Any command ends a walk, unless it is the one that goes on with it. */
function takeWalk(context: Context) {
  const { walk } = context.session;
  context.session.walk = undefined;
  return walk && walk.expires >= performance.now() ? walk : undefined;
}

function step(
  walk: ReturnType<typeof takeWalk>,
  command: number,
  subcommand: number | undefined,
  context: Context,
): CborMap {
  const next = walk?.command === command && walk.subcommand === subcommand ? walk.next.shift() : undefined;
  if (walk === undefined || next === undefined)
    throw new CtapError(STATUS.NOT_ALLOWED, 'nothing to go on with');
  context.session.walk = walk;
  return next();
}

function manage(request: Members, walk: ReturnType<typeof takeWalk>, context: Context): CborMap | undefined {
  const subcommand = request.integer(0x01);
  const goesOn =
    subcommand === CREDENTIAL_COMMAND.NEXT_RP || subcommand === CREDENTIAL_COMMAND.NEXT_CREDENTIAL;
  return goesOn
    ? step(walk, COMMAND.CREDENTIAL_MANAGEMENT, subcommand, context)
    : credentialManagement(request, context);
}

/**
 * Section 6.6: forget everything, the PIN too. Hardware allows it only in the first ten seconds after power-up;
 * here whoever reaches the socket could remove the file as well, so a touch is all that is asked.
 */
async function reset(context: Context): Promise<undefined> {
  await context.touch({ operation: 'reset' });
  const { key, session } = context;
  key.state.reset();
  key.vault.lock();
  key.wrongPinsInRow = 0;
  key.tokenEpoch += 1;
  session.renewKeyAgreement();
}

/** Section 6.9. */
async function select(context: Context): Promise<undefined> {
  await context.touch({ operation: 'select' });
}
