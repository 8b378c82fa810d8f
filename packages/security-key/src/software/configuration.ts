/** authenticatorConfig (CTAP 2.1, section 6.11): of its subcommands the one that has the PIN changed. */
import { CtapError, type Members, need } from '../cbor.ts';
import { COMMAND, CONFIG_COMMAND, PERMISSION, STATUS } from '../registry.ts';
import type { Context } from './session.ts';
import { readAuthParam, verifyToken } from './user-verification.ts';

const PREFIX = Buffer.alloc(32, 0xff);

export function configuration(request: Members, context: Context): undefined {
  const subcommand = need(request.integer(0x01), 'subCommand');
  if (subcommand !== CONFIG_COMMAND.SET_MIN_PIN_LENGTH) {
    throw new CtapError(STATUS.INVALID_SUBCOMMAND, `no subcommand ${subcommand}`);
  }
  const parameters = need(request.map(0x02), 'subCommandParams');
  const auth = readAuthParam(request, 0x04, 0x03);
  if (auth === undefined) throw new CtapError(STATUS.PUAT_REQUIRED, 'configuration needs the PIN');
  const message = Buffer.concat([PREFIX, Buffer.of(COMMAND.CONFIG, subcommand), parameters.encoded()]);
  verifyToken(auth, message, PERMISSION.CONFIGURATION, context);
  // The least length stays as it is: a length, or sites that may learn of it, are refused.
  if (parameters.has(0x01) || parameters.has(0x02)) {
    throw new CtapError(STATUS.INVALID_PARAMETER, 'only forceChangePin is known');
  }
  if (parameters.boolean(0x03) !== true) return;
  context.key.state.update({ pinChangeForced: true });
  context.key.tokenEpoch += 1;
}
