/** The platform's side of authenticatorCredentialManagement (CTAP 2.1, section 6.8): list and delete. */
import { type CborMap, cborMap, encodeCbor, type Members, need } from '../cbor.ts';
import { SecurityKeyError } from '../error.ts';
import type { PinProtocol } from '../pin-protocol.ts';
import { plainText } from '../plain-text.ts';
import { COMMAND, CREDENTIAL_COMMAND, LIMIT } from '../registry.ts';
import type { ResidentCredential } from '../security-key.ts';
import type { Call } from './pin-session.ts';

/** A PIN token that may manage credentials, and the protocol under which it was given. */
export interface ManagementGrant {
  readonly protocol: PinProtocol;
  readonly token: Uint8Array;
}

export async function listResidentCredentials(
  call: Call,
  grant: ManagementGrant,
): Promise<ResidentCredential[]> {
  const found: ResidentCredential[] = [];
  const { GET_METADATA, ENUMERATE_RPS, NEXT_RP, ENUMERATE_CREDENTIALS, NEXT_CREDENTIAL } = CREDENTIAL_COMMAND;
  const metadata = await call(COMMAND.CREDENTIAL_MANAGEMENT, signed(grant, GET_METADATA));
  if (metadata.integer(0x01) === 0) return [];
  const rps = await walk(call, signed(grant, ENUMERATE_RPS), NEXT_RP, 0x05);
  for (const rp of rps) {
    const rpId = plainText(need(rp.map(0x03)?.text('id'), 'rp'));
    const parameters = cborMap([[0x01, need(rp.bytes(0x04), 'rpIDHash')]]);
    const request = signed(grant, ENUMERATE_CREDENTIALS, parameters);
    for (const one of await walk(call, request, NEXT_CREDENTIAL, 0x09)) found.push(readCredential(rpId, one));
  }
  return found;
}

export async function deleteResidentCredential(
  call: Call,
  grant: ManagementGrant,
  credentialId: Uint8Array,
): Promise<void> {
  const descriptor = cborMap([
    ['id', credentialId],
    ['type', 'public-key'],
  ]);
  const request = signed(grant, CREDENTIAL_COMMAND.DELETE, cborMap([[0x02, descriptor]]));
  await call(COMMAND.CREDENTIAL_MANAGEMENT, request);
}

/** The first answer, which says how many there are, and the others. */
async function walk(call: Call, first: CborMap, next: number, totalKey: number): Promise<Members[]> {
  const answer = await call(COMMAND.CREDENTIAL_MANAGEMENT, first);
  const total = answer.integer(totalKey) ?? 0;
  if (total > LIMIT.RESIDENT) {
    throw new SecurityKeyError('protocol-error', 'The key claims to hold too many credentials.', { total });
  }
  const answers = total === 0 ? [] : [answer];
  while (answers.length < total) {
    answers.push(await call(COMMAND.CREDENTIAL_MANAGEMENT, cborMap([[0x01, next]])));
  }
  return answers;
}

function signed({ protocol, token }: ManagementGrant, subcommand: number, parameters?: CborMap): CborMap {
  const message = Buffer.concat([
    Buffer.of(subcommand),
    parameters ? encodeCbor(parameters) : Buffer.alloc(0),
  ]);
  return cborMap([
    [0x01, subcommand],
    [0x02, parameters],
    [0x03, protocol.number],
    [0x04, protocol.authenticate(token, message)],
  ]);
}

function readCredential(rpId: string, answer: Members): ResidentCredential {
  const user = need(answer.map(0x06), 'user');
  const userName = user.text('name');
  const userDisplayName = user.text('displayName');
  return {
    rpId,
    credentialId: need(answer.map(0x07)?.bytes('id'), 'credentialID'),
    userHandle: need(user.bytes('id'), 'user id'),
    ...(userName === undefined ? {} : { userName: plainText(userName) }),
    ...(userDisplayName === undefined ? {} : { userDisplayName: plainText(userDisplayName) }),
  };
}
