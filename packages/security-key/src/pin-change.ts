/** Having a key ask for a new PIN (CTAP 2.1, section 6.11.4: setMinPINLength, forceChangePin). */
import { type CborMap, cborMap, encodeCbor } from './cbor.ts';
import { SecurityKeyError } from './error.ts';
import type { PinProtocol } from './pin-protocol.ts';
import { COMMAND, CONFIG_COMMAND } from './registry.ts';
import type { KeyInfo } from './security-key.ts';

/** @throws SecurityKeyError `unsupported-option` */
export function checkForcesPinChange({ options }: KeyInfo): void {
  if (options.authnrCfg === true && options.setMinPINLength === true) return;
  throw new SecurityKeyError(
    'unsupported-option',
    'This key cannot be told to ask for a new PIN; have its owner change it with `kennel key change-pin`.',
  );
}

/** @throws SecurityKeyError `pin-change-required` */
export function checkPinIsItsOwners({ pinChangeNeeded }: KeyInfo): void {
  if (!pinChangeNeeded) return;
  throw new SecurityKeyError(
    'pin-change-required',
    'The key wants a PIN of your own before anything else; change it with `kennel key change-pin`.',
  );
}

/** The request of authenticatorConfig, under a token that may configure. */
export function forcePinChangeRequest(protocol: PinProtocol, token: Uint8Array): CborMap {
  const subcommand = CONFIG_COMMAND.SET_MIN_PIN_LENGTH;
  const parameters = cborMap([[0x03, true]]);
  const message = Buffer.concat([
    Buffer.alloc(32, 0xff),
    Buffer.of(COMMAND.CONFIG, subcommand),
    encodeCbor(parameters),
  ]);
  return cborMap([
    [0x01, subcommand],
    [0x02, parameters],
    [0x03, protocol.number],
    [0x04, protocol.authenticate(token, message)],
  ]);
}
