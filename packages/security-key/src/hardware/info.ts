/** What a key says of itself, as `fido2-token -I` prints it (authenticatorGetInfo; CTAP 2.1, section 6.4). */
import { ALGORITHM } from '../registry.ts';
import type { KeyInfo } from '../security-key.ts';
import { lines, unreadable } from './lines.ts';
import { runTool, type ToolContext } from './tool.ts';

/** KeyInfo, and the counter that the tool prints with it; undefined where the key does not tell. */
export interface ToolInfo {
  readonly info: KeyInfo;
  readonly pinRetries: number | undefined;
}

/** The tools' names of COSE algorithms. */
export const ALGORITHM_NAMES: ReadonlyMap<string, number> = new Map([
  ['es256', ALGORITHM.ES256],
  ['es384', ALGORITHM.ES384],
  ['rs256', ALGORITHM.RS256],
  ['eddsa', ALGORITHM.EDDSA],
]);

/** The option of CTAP 2.1 whose own name begins with "no". */
const NO_BY_NAME = 'noMcGaPermissionsWithClientPin';
const NO_AAGUID = '00000000-0000-0000-0000-000000000000';

export async function readToolInfo(path: string, context: ToolContext): Promise<ToolInfo> {
  const { stdout } = await runTool({ tool: 'fido2-token', arguments: ['-I', path] }, context);
  return parseInfo(stdout);
}

/** A key that knows only U2F has no versions and no AAGUID. Throws `protocol-error`. */
export function parseInfo(stdout: string): ToolInfo {
  const fields = new Map(
    lines(stdout).flatMap((line) => {
      const at = line.indexOf(': ');
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 2)] as const];
    }),
  );
  if (!fields.has('proto')) throw unreadable('fido2-token', 'information');
  const list = (name: string) => fields.get(name)?.split(', ') ?? [];
  const whole = (name: string, otherwise: number) => {
    const value = fields.get(name);
    if (value === undefined) return otherwise;
    if (!/^\d{1,9}$/.test(value)) throw unreadable('fido2-token', name);
    return Number(value);
  };
  const options = Object.fromEntries(list('options').map(readOption));
  const retries = fields.get('pin retries');
  const info: KeyInfo = {
    aaguid: uuid(fields.get('aaguid')),
    versions: list('version strings'),
    extensions: list('extension strings'),
    options,
    clientPinSet: options.clientPin === true,
    pinProtocols: list('pin protocols').map(Number),
    algorithms: list('algorithms').flatMap((item) => ALGORITHM_NAMES.get(item.split(' ')[0] ?? '') ?? []),
    transports: list('transport strings'),
    maxMsgSize: whole('maxmsgsiz', 1024),
    minPinLength: whole('minpinlen', 4),
    pinChangeNeeded: fields.get('pin change required') === 'true',
  };
  return {
    info,
    pinRetries: retries === undefined || retries === 'undefined' ? undefined : whole('pin retries', 0),
  };
}

/** `rk` is true, `nork` false. */
function readOption(text: string): [string, boolean] {
  if (text === NO_BY_NAME || !text.startsWith('no')) return [text, true];
  return [text.slice(2), false];
}

function uuid(hex: string | undefined): string {
  if (hex === undefined) return NO_AAGUID;
  const groups = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(hex);
  if (groups === null) throw unreadable('fido2-token', 'AAGUID');
  return groups.slice(1).join('-');
}
