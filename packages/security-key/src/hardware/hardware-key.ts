/** A hardware key behind the one interface: each call runs libfido2's tools, one after another. */
import { errorForStatus, SecurityKeyError, wrongPin } from '../error.ts';
import { checkForcesPinChange, checkPinIsItsOwners } from '../pin-change.ts';
import { newPin, normalPin } from '../pin-text.ts';
import { COMMAND, LIMIT, STATUS } from '../registry.ts';
import type {
  GetAssertionRequest,
  KeyAssertion,
  KeyInfo,
  MakeCredentialRequest,
  NewCredential,
  ResidentCredential,
  SecurityKey,
} from '../security-key.ts';
import { deleteCredential, listCredentials, listCredentialsOf } from './credentials.ts';
import { type HardwareKeyDevice, listDevices } from './devices.ts';
import { getAssertion, hasCredential, type SingleRequest } from './get-assertion.ts';
import { readToolInfo } from './info.ts';
import { typedPin } from './lines.ts';
import { makeCredential } from './make-credential.ts';
import { runTool, type ToolContext } from './tool.ts';

export interface HardwareKeyOptions {
  /** Told when the key waits for a touch. */
  readonly onTouchNeeded?: () => void;
  /** Cancels what is under way, and whatever is asked for later. */
  readonly signal?: AbortSignal;
  /** Directory of fido2-token, fido2-cred and fido2-assert; where `PATH` finds them unless given. */
  readonly toolDirectory?: string;
  /** Milliseconds for what needs no person, and for what needs a touch or a finger. */
  readonly answerTimeout?: number;
  readonly touchTimeout?: number;
}

const ANSWER_TIMEOUT = 20_000;
/** Keys wait half a minute for a touch, and some for three fingers. */
const TOUCH_TIMEOUT = 90_000;

/** The keys that are plugged in. Throws SecurityKeyError `tools-missing`. */
export function listHardwareKeys(options: HardwareKeyOptions = {}): Promise<HardwareKeyDevice[]> {
  return listDevices(contextOf(options));
}

/**
 * Open a key that is plugged in.
 * @param path as listHardwareKeys() gives it; without one, the only key that is plugged in
 * Throws SecurityKeyError `tools-missing`, `key-unreachable` where there is none, `key-ambiguous` where there are several.
 *
 * @example
 * const key = await openHardwareKey(undefined, { onTouchNeeded: () => console.error('Touch the key now.') });
 * console.log((await key.info()).aaguid);
 */
export async function openHardwareKey(path?: string, options: HardwareKeyOptions = {}): Promise<SecurityKey> {
  if (path !== undefined && (path.startsWith('-') || path === '' || path.includes('\0'))) {
    throw new SecurityKeyError('request-invalid', `${path} is not the path of a security key.`);
  }
  return new HardwareKey(path ?? (await onlyKey(options)), options);
}

async function onlyKey(options: HardwareKeyOptions): Promise<string> {
  const devices = await listHardwareKeys(options);
  const [first] = devices;
  if (first === undefined) {
    throw new SecurityKeyError(
      'key-unreachable',
      'No security key is plugged in. Plug one in; if one is, see that you may read and write its device (the udev rules that come with libfido2).',
    );
  }
  if (devices.length === 1) return first.path;
  const names = devices.map(({ path, name }) => `${path} (${name})`).join(', ');
  throw new SecurityKeyError(
    'key-ambiguous',
    `Several security keys are plugged in: ${names}. Take out all but one, or name one by its path.`,
    { paths: devices.map((device) => device.path) },
  );
}

function contextOf(options: HardwareKeyOptions, signal = options.signal): ToolContext {
  return {
    toolDirectory: options.toolDirectory,
    onTouchNeeded: options.onTouchNeeded,
    signal,
    answerTimeout: options.answerTimeout ?? ANSWER_TIMEOUT,
    touchTimeout: options.touchTimeout ?? TOUCH_TIMEOUT,
  };
}

class HardwareKey implements SecurityKey {
  readonly #path: string;
  readonly #context: ToolContext;
  readonly #closed = new AbortController();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(path: string, options: HardwareKeyOptions) {
    this.#path = path;
    const signals = [this.#closed.signal, ...(options.signal ? [options.signal] : [])];
    this.#context = contextOf(options, AbortSignal.any(signals));
  }

  info(): Promise<KeyInfo> {
    return this.#inTurn(async () => (await readToolInfo(this.#path, this.#context)).info);
  }

  /** The tools do not say whether the key must be taken out first: `powerCycleNeeded` is always false. */
  pinRetries(): Promise<{ retries: number; powerCycleNeeded: boolean }> {
    return this.#inTurn(async () => ({ retries: await this.#retries(), powerCycleNeeded: false }));
  }

  setPin(pin: string): Promise<void> {
    return this.#inTurn(async () => {
      const { info } = await readToolInfo(this.#path, this.#context);
      if (info.clientPinSet) {
        throw new SecurityKeyError('pin-already-set', 'The key has a PIN already; change it instead.');
      }
      const typed = typedPin(newPin(pin, info.minPinLength));
      const pins = { 'new PIN': typed, 'same PIN': typed };
      await runTool({ tool: 'fido2-token', arguments: ['-S', this.#path], pins }, this.#context);
    });
  }

  changePin(oldPin: string, pin: string): Promise<void> {
    return this.#inTurn(async () => {
      const info = await this.#infoWithAnyPin();
      const typed = typedPin(newPin(pin, info.minPinLength));
      const pins = { 'current PIN': pinToType(oldPin), 'new PIN': typed, 'same PIN': typed };
      await this.#explain(
        runTool({ tool: 'fido2-token', arguments: ['-C', this.#path], pins }, this.#context),
      );
    });
  }

  forcePinChange(pin: string): Promise<void> {
    return this.#inTurn(async () => {
      checkForcesPinChange(await this.#infoWithPin());
      const pins = { PIN: pinToType(pin) };
      await this.#explain(
        runTool({ tool: 'fido2-token', arguments: ['-S', '-f', this.#path], pins }, this.#context),
      );
    });
  }

  makeCredential(request: MakeCredentialRequest): Promise<NewCredential> {
    return this.#inTurn(async () => {
      const info = await this.#infoWithPin();
      const pin = pinToType(request.pin);
      return this.#explain(this.#make(info, { ...request, pin }));
    });
  }

  getAssertion(request: GetAssertionRequest): Promise<KeyAssertion> {
    return this.#inTurn(async () => {
      await this.#infoWithPin();
      return this.#explain(this.#assert({ ...request, pin: pinToType(request.pin) }));
    });
  }

  listCredentials(pin: string): Promise<readonly ResidentCredential[]> {
    return this.#inTurn(async () => {
      await this.#infoWithPin();
      return this.#explain(listCredentials(this.#path, pinToType(pin), this.#context));
    });
  }

  deleteCredential(pin: string, credentialId: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      await this.#infoWithPin();
      await this.#explain(deleteCredential(this.#path, pinToType(pin), credentialId, this.#context));
    });
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#tail;
  }

  /** The tool has no exclude list, so the key is asked for each of them first. */
  async #make(info: KeyInfo, request: MakeCredentialRequest): Promise<NewCredential> {
    const { rpId, pin } = request;
    for (const credentialId of (request.excludeCredentialIds ?? []).slice(0, LIMIT.ASKED_FOR)) {
      if (await hasCredential(this.#path, { rpId, pin, credentialId }, this.#context)) {
        throw errorForStatus(STATUS.CREDENTIAL_EXCLUDED, COMMAND.MAKE_CREDENTIAL);
      }
    }
    return makeCredential(this.#path, info, request, this.#context);
  }

  async #assert(request: GetAssertionRequest): Promise<KeyAssertion> {
    const { allowCredentialIds = [], ...rest } = request;
    const single: SingleRequest = {
      ...rest,
      credentialId: await this.#firstPresent(request, allowCredentialIds),
    };
    const assertion = await getAssertion(this.#path, single, this.#context);
    return {
      ...assertion,
      credentialId: assertion.credentialId ?? (await this.#idOf(request, assertion.userHandle)),
    };
  }

  /** The tool takes one credential: of several, the first that the key has. */
  async #firstPresent(
    { rpId, pin }: GetAssertionRequest,
    ids: readonly Uint8Array[],
  ): Promise<Uint8Array | undefined> {
    if (ids.length <= 1) return ids[0];
    for (const credentialId of ids.slice(0, LIMIT.ASKED_FOR)) {
      if (await hasCredential(this.#path, { rpId, pin, credentialId }, this.#context)) return credentialId;
    }
    throw errorForStatus(STATUS.NO_CREDENTIALS, COMMAND.GET_ASSERTION);
  }

  /** A key keeps one resident credential of an account at a site, so the user handle tells which one signed. */
  async #idOf({ rpId, pin }: GetAssertionRequest, userHandle: Uint8Array | undefined): Promise<Uint8Array> {
    const all = await listCredentialsOf(this.#path, rpId, pin, this.#context);
    const [one, ...others] = all.filter(
      (each) => userHandle !== undefined && Buffer.compare(each.userHandle, userHandle) === 0,
    );
    if (one !== undefined && others.length === 0) return one.credentialId;
    throw new SecurityKeyError(
      'protocol-error',
      'The key does not say which credential signed; take another key.',
    );
  }

  async #infoWithPin(): Promise<KeyInfo> {
    const info = await this.#infoWithAnyPin();
    checkPinIsItsOwners(info);
    return info;
  }

  async #infoWithAnyPin(): Promise<KeyInfo> {
    const { info } = await readToolInfo(this.#path, this.#context);
    if (!info.versions.some((version) => version.startsWith('FIDO_2'))) {
      throw new SecurityKeyError('unsupported-option', 'This key knows U2F alone; take a FIDO2 key.', {
        versions: info.versions,
      });
    }
    if (!info.clientPinSet) throw errorForStatus(STATUS.PIN_NOT_SET, COMMAND.CLIENT_PIN);
    return info;
  }

  async #retries(): Promise<number> {
    const { pinRetries } = await readToolInfo(this.#path, this.#context);
    if (pinRetries !== undefined) return pinRetries;
    throw new SecurityKeyError('unsupported-option', 'The key does not tell how many PIN tries are left.');
  }

  /** A wrong PIN's error, with the tries that are left. */
  async #explain<T>(attempt: Promise<T>): Promise<T> {
    try {
      return await attempt;
    } catch (error) {
      if (!(error instanceof SecurityKeyError) || error.code !== 'pin-invalid') throw error;
      throw wrongPin(await this.#retries(), error.details);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined); // whoever called sees the error
    return result;
  }
}

/** A PIN as it is typed. One that no key can have is wrong at once: the tools would say "invalid PIN length". */
function pinToType(pin: string): string {
  const typed = typedPin(normalPin(pin));
  const length = Buffer.byteLength(typed);
  if (length >= LIMIT.PIN_MIN_CHARACTERS && length <= LIMIT.PIN_MAX) return typed;
  throw new SecurityKeyError(
    'pin-invalid',
    'A PIN has at least 4 characters, and at most 63 bytes; enter it again.',
  );
}
