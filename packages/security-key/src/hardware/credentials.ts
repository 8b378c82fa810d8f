/** Resident credentials through `fido2-token -L -r`, `-L -k` and `-D` (CTAP 2.1, section 6.8). */
import { SecurityKeyError } from '../error.ts';
import { plainText } from '../plain-text.ts';
import { LIMIT } from '../registry.ts';
import type { ResidentCredential } from '../security-key.ts';
import { base64, fromBase64, inputLine, lines, typedPin, unreadable } from './lines.ts';
import { runTool, type ToolContext } from './tool.ts';

const TOOL = 'fido2-token';

/** Every resident credential. The tool gives display names and not names. */
export async function listCredentials(
  path: string,
  pin: string,
  context: ToolContext,
): Promise<ResidentCredential[]> {
  const found: ResidentCredential[] = [];
  for (const rpId of parseRps(await list(path, ['-r'], pin, context))) {
    found.push(...(await listCredentialsOf(path, rpId, pin, context)));
  }
  return found;
}

/** The resident credentials of one site. */
export async function listCredentialsOf(
  path: string,
  rpId: string,
  pin: string,
  context: ToolContext,
): Promise<ResidentCredential[]> {
  return parseCredentials(await list(path, ['-k', inputLine(rpId, 'RP ID')], pin, context), rpId);
}

export async function deleteCredential(
  path: string,
  pin: string,
  credentialId: Uint8Array,
  context: ToolContext,
): Promise<void> {
  const pins = { PIN: typedPin(pin) };
  await explain(runTool({ tool: TOOL, arguments: ['-D', '-i', base64(credentialId), path], pins }, context));
}

async function list(
  path: string,
  what: readonly string[],
  pin: string,
  context: ToolContext,
): Promise<string> {
  const run = { tool: TOOL, arguments: ['-L', ...what, path], pins: { PIN: typedPin(pin) } } as const;
  try {
    return (await explain(runTool(run, context))).stdout;
  } catch (error) {
    if (error instanceof SecurityKeyError && error.code === 'no-credentials') return '';
    throw error;
  }
}

/** libfido2 1.12 sends the command's number of before CTAP 2.1 alone, to which not every newer key answers. */
async function explain<T>(attempt: Promise<T>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    if (!(error instanceof SecurityKeyError) || error.code !== 'unsupported-option') throw error;
    throw new SecurityKeyError(
      'unsupported-option',
      "The key does not list or delete its credentials through the installed version of libfido2; manage them with its maker's program, or take another key.",
      { ...error.details },
      error,
    );
  }
}

/** `00: <base64 of the RP ID's hash> kennel.example` */
export function parseRps(stdout: string): string[] {
  return numbered(stdout, /^\S+ (.+)$/).map(([, rpId = '']) => plainText(rpId));
}

/**
 * `00: <base64 credential id> <display name> <base64 user handle> es256 uvopt`; older versions write the handle in
 * parentheses and no protection. A display name may hold spaces, or be `(null)`.
 */
export function parseCredentials(stdout: string, rpId: string): ResidentCredential[] {
  const line =
    /^(\S+) (.*) \(?([A-Za-z0-9+/]+=*)\)? (?:es256|es384|rs256|eddsa|unknown)(?: (?:uvopt|uvopt\+id|uvreq|unknown))?$/;
  return numbered(stdout, line).map(([, id, displayName = '', userHandle]) => ({
    rpId,
    credentialId: fromBase64(id, TOOL, 'credential id'),
    userHandle: fromBase64(userHandle, TOOL, 'user handle'),
    ...(displayName === '(null)' ? {} : { userDisplayName: plainText(displayName) }),
  }));
}

/** Lines that begin with their number. One out of turn was smuggled in by a name with a line break. */
function numbered(stdout: string, expression: RegExp): RegExpExecArray[] {
  const all = lines(stdout);
  if (all.length > LIMIT.RESIDENT) throw unreadable(TOOL, 'list of credentials');
  return all.map((line, at) => {
    const prefix = `${String(at).padStart(2, '0')}: `;
    const found = line.startsWith(prefix) ? expression.exec(line.slice(prefix.length)) : null;
    if (found === null) throw unreadable(TOOL, 'list of credentials');
    return found;
  });
}
