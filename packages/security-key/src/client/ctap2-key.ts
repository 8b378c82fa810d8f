/** A security key behind a CTAP2 transport, as the platform drives it (CTAP 2.1, section 6). */
import { type CborMap, CtapError, cborMap, decodeCbor, encodeCbor, Members } from '../cbor.ts';
import { errorForStatus, SecurityKeyError, wrongPin } from '../error.ts';
import { checkForcesPinChange, checkPinIsItsOwners, forcePinChangeRequest } from '../pin-change.ts';
import { COMMAND, FLAG, PERMISSION, PIN_COMMAND, STATUS } from '../registry.ts';
import type {
  GetAssertionRequest,
  KeyAssertion,
  KeyInfo,
  MakeCredentialRequest,
  NewCredential,
  ResidentCredential,
  SecurityKey,
} from '../security-key.ts';
import { parseAuthenticatorData } from './authenticator-data.ts';
import { deleteResidentCredential, listResidentCredentials, type ManagementGrant } from './credentials.ts';
import { readInfo } from './info.ts';
import { fetchToken, openPinSession, sendNewPin, sendPinChange } from './pin-session.ts';
import { connectSocket, type Transport } from './transport.ts';

/**
 * Connect to a software key's socket; `onTouchNeeded` tells when to ask the person for a touch.
 * Throws SecurityKeyError `key-unreachable` where nobody listens.
 */
export async function connectSoftwareKey(
  socketPath: string,
  options: { readonly onTouchNeeded?: () => void } = {},
): Promise<SecurityKey> {
  return new Ctap2Key(await connectSocket(socketPath, options.onTouchNeeded));
}

class Ctap2Key implements SecurityKey {
  readonly #transport: Transport;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  info(): Promise<KeyInfo> {
    return this.#inTurn(() => this.#info());
  }

  pinRetries(): Promise<{ retries: number; powerCycleNeeded: boolean }> {
    return this.#inTurn(() => this.#pinRetries());
  }

  setPin(pin: string): Promise<void> {
    return this.#inTurn(async () => {
      const info = await this.#info();
      if (info.clientPinSet) {
        throw new SecurityKeyError('pin-already-set', 'The key has a PIN already; change it instead.');
      }
      await sendNewPin(this.#call, await openPinSession(this.#call, info), pin);
    });
  }

  changePin(oldPin: string, newPin: string): Promise<void> {
    return this.#inTurn(async () => {
      const session = await openPinSession(this.#call, await this.#infoWithAnyPin());
      await this.#explain(sendPinChange(this.#call, session, oldPin, newPin));
    });
  }

  forcePinChange(pin: string): Promise<void> {
    return this.#inTurn(async () => {
      const info = await this.#infoWithPin();
      checkForcesPinChange(info);
      const session = await openPinSession(this.#call, info);
      const grant = { pin, permission: PERMISSION.CONFIGURATION };
      const token = await this.#explain(fetchToken(this.#call, session, info, grant));
      await this.#call(COMMAND.CONFIG, forcePinChangeRequest(session.protocol, token));
    });
  }

  makeCredential(request: MakeCredentialRequest): Promise<NewCredential> {
    return this.#inTurn(() => this.#makeCredential(request));
  }

  getAssertion(request: GetAssertionRequest): Promise<KeyAssertion> {
    return this.#inTurn(() => this.#getAssertion(request));
  }

  listCredentials(pin: string): Promise<readonly ResidentCredential[]> {
    return this.#inTurn(async () => listResidentCredentials(this.#call, await this.#managementGrant(pin)));
  }

  deleteCredential(pin: string, credentialId: Uint8Array): Promise<void> {
    return this.#inTurn(async () =>
      deleteResidentCredential(this.#call, await this.#managementGrant(pin), credentialId),
    );
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #makeCredential(request: MakeCredentialRequest): Promise<NewCredential> {
    const { rpId, clientDataHash } = request;
    const info = await this.#infoWithPin();
    const session = await openPinSession(this.#call, info);
    const grant = { pin: request.pin, permission: PERMISSION.MAKE_CREDENTIAL, rpId };
    const token = await this.#explain(fetchToken(this.#call, session, info, grant));
    const user = cborMap([
      ['id', request.userHandle],
      ['name', request.userName],
      ['displayName', request.userDisplayName],
    ]);
    const answer = await this.#call(
      COMMAND.MAKE_CREDENTIAL,
      cborMap([
        [0x01, clientDataHash],
        [
          0x02,
          cborMap([
            ['id', rpId],
            ['name', request.rpName],
          ]),
        ],
        [0x03, user],
        [
          0x04,
          request.algorithms.map((alg) =>
            cborMap([
              ['alg', alg],
              ['type', 'public-key'],
            ]),
          ),
        ],
        [0x05, descriptors(request.excludeCredentialIds)],
        [0x06, request.hmacSecret ? cborMap([['hmac-secret', true]]) : undefined],
        [0x07, request.residentKey ? cborMap([['rk', true]]) : undefined],
        [0x08, session.protocol.authenticate(token, clientDataHash)],
        [0x09, session.protocol.number],
      ]),
    );
    const authData = present(answer.bytes(0x02));
    const attestationObject = encodeCbor(
      cborMap([
        ['fmt', present(answer.text(0x01))],
        ['attStmt', present(answer.value(0x03))],
        ['authData', authData],
      ]),
    );
    const { credentialId, extensions } = parseAuthenticatorData(authData);
    return {
      credentialId: present(credentialId),
      attestationObject,
      hmacSecret: extensions?.boolean('hmac-secret') === true,
    };
  }

  async #getAssertion(request: GetAssertionRequest): Promise<KeyAssertion> {
    const { rpId, clientDataHash, hmacSecretSalt } = request;
    const info = await this.#infoWithPin();
    const session = await openPinSession(this.#call, info);
    const grant = { pin: request.pin, permission: PERMISSION.GET_ASSERTION, rpId };
    const token = await this.#explain(fetchToken(this.#call, session, info, grant));
    const { protocol, secret, platformKey } = session;
    const saltEnc = hmacSecretSalt && protocol.encrypt(secret, checkSalt(hmacSecretSalt));
    const hmacInput =
      saltEnc &&
      cborMap([
        [0x01, platformKey],
        [0x02, saltEnc],
        [0x03, protocol.authenticate(secret, saltEnc)],
        [0x04, protocol.number],
      ]);
    const answer = await this.#call(
      COMMAND.GET_ASSERTION,
      cborMap([
        [0x01, rpId],
        [0x02, clientDataHash],
        [0x03, descriptors(request.allowCredentialIds)],
        [0x04, hmacInput && cborMap([['hmac-secret', hmacInput]])],
        [0x06, protocol.authenticate(token, clientDataHash)],
        [0x07, protocol.number],
      ]),
    );
    const authenticatorData = present(answer.bytes(0x02));
    const { flags, extensions } = parseAuthenticatorData(authenticatorData);
    if ((flags & (FLAG.UP | FLAG.UV)) !== (FLAG.UP | FLAG.UV)) {
      throw new SecurityKeyError('protocol-error', 'The key did not verify the user; take another key.');
    }
    const only = request.allowCredentialIds?.length === 1 ? request.allowCredentialIds[0] : undefined;
    const userHandle = answer.map(0x04)?.bytes('id');
    const output = extensions?.bytes('hmac-secret');
    const hmacSecret = hmacSecretSalt && output && protocol.decrypt(secret, output);
    return {
      // A key may leave the descriptor out where one credential was allowed (CTAP 2.0).
      credentialId: present(answer.map(0x01)?.bytes('id') ?? only),
      authenticatorData,
      signature: present(answer.bytes(0x03)),
      ...(userHandle ? { userHandle } : {}),
      ...(hmacSecret ? { hmacSecret } : {}),
    };
  }

  async #managementGrant(pin: string): Promise<ManagementGrant> {
    const info = await this.#infoWithPin();
    const session = await openPinSession(this.#call, info);
    const grant = { pin, permission: PERMISSION.CREDENTIAL_MANAGEMENT };
    const token = await this.#explain(fetchToken(this.#call, session, info, grant));
    return { protocol: session.protocol, token };
  }

  async #info(): Promise<KeyInfo> {
    return readInfo(await this.#call(COMMAND.GET_INFO));
  }

  async #infoWithPin(): Promise<KeyInfo> {
    const info = await this.#infoWithAnyPin();
    checkPinIsItsOwners(info);
    return info;
  }

  async #infoWithAnyPin(): Promise<KeyInfo> {
    const info = await this.#info();
    if (!info.clientPinSet) throw errorForStatus(STATUS.PIN_NOT_SET, COMMAND.CLIENT_PIN);
    return info;
  }

  async #pinRetries(): Promise<{ retries: number; powerCycleNeeded: boolean }> {
    const request = cborMap([
      [0x01, 1],
      [0x02, PIN_COMMAND.GET_PIN_RETRIES],
    ]);
    const answer = await this.#call(COMMAND.CLIENT_PIN, request);
    return { retries: present(answer.integer(0x03)), powerCycleNeeded: answer.boolean(0x04) ?? false };
  }

  /** A wrong PIN's error, with the tries that are left. */
  async #explain<T>(attempt: Promise<T>): Promise<T> {
    try {
      return await attempt;
    } catch (error) {
      if (!(error instanceof SecurityKeyError) || error.code !== 'pin-invalid') throw error;
      const { retries } = await this.#pinRetries();
      throw wrongPin(retries, error.details);
    }
  }

  #call = async (command: number, request?: CborMap): Promise<Members> => {
    const body = request ? encodeCbor(request) : new Uint8Array();
    const answer = await this.#transport.call(Buffer.concat([Buffer.of(command), body]));
    const [status] = answer;
    if (status === undefined) throw malformed();
    if (status !== STATUS.OK) throw errorForStatus(status, command);
    return new Members(answer.length === 1 ? new Map() : decodeCbor(answer.subarray(1)));
  };

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work).catch((error: unknown) => {
      throw error instanceof CtapError ? malformed(error) : error;
    });
    this.#tail = result.catch(() => undefined); // whoever called sees the error
    return result;
  }
}

function descriptors(ids: readonly Uint8Array[] | undefined): readonly CborMap[] | undefined {
  if (ids === undefined || ids.length === 0) return undefined;
  return ids.map((id) =>
    cborMap([
      ['id', id],
      ['type', 'public-key'],
    ]),
  );
}

function checkSalt(salt: Uint8Array): Uint8Array {
  if (salt.length === 32 || salt.length === 64) return salt;
  throw new SecurityKeyError('request-invalid', 'hmac-secret takes one salt of 32 bytes, or two in 64.');
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw malformed();
  return value;
}

function malformed(cause?: unknown): SecurityKeyError {
  return new SecurityKeyError(
    'protocol-error',
    'The key answered with something malformed; restart it.',
    {},
    cause,
  );
}
