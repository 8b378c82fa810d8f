/** The security key at hand: which one a command takes, and how it is let go of. */
import { statSync } from 'node:fs';
import type { SecurityKey } from '@kennel/security-key';
import { type Given, option, text } from './command.ts';
import { CliError } from './errors.ts';
import { softwareKeySocket } from './home.ts';

export const keyOption = option(
  '--key-socket, --key <key>',
  '"hardware" for the one that is plugged in, its path (kennel key devices), or a software key\'s socket ' +
    '(KENNEL_SECURITY_KEY, or software-key.sock in KENNEL_HOME, and a hardware key where there is no such socket)',
);

/**
 * Runs something with the key and lets go of it, whatever happens. The first Ctrl-C cancels what a hardware key is
 * asked: its tool, in a session of its own, does not hear it.
 */
export async function withKey<T>(given: Given, use: (key: SecurityKey) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const onTouchNeeded = () => console.error('Touch the security key now.');
  const key = await openKey(text(given, 'key'), { onTouchNeeded, signal: stop.signal });
  try {
    return await use(key);
  } finally {
    await key.close();
  }
}

/** @param wanted as the option has it; undefined for the one that is there */
export async function openKey(
  wanted: string | undefined,
  options: { onTouchNeeded: () => void; signal?: AbortSignal },
): Promise<SecurityKey> {
  const { connectSoftwareKey, openHardwareKey } = await import('@kennel/security-key');
  const hardware = (path?: string) => openHardwareKey(path, options);
  const { onTouchNeeded } = options;
  const software = (socket: string) => connectSoftwareKey(socket, { onTouchNeeded });
  if (wanted === 'hardware') return hardware();
  if (wanted !== undefined) return isHardwarePath(wanted) ? hardware(wanted) : software(wanted);
  const socket = softwareKeySocket();
  if (process.env.KENNEL_SECURITY_KEY !== undefined || isSocket(socket)) return software(socket);
  try {
    return await hardware();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'tools-missing')) throw error;
    throw new CliError(
      'key-unreachable',
      `No security key: no software key answers at ${socket}, and hardware keys need libfido2's tools (package fido2-tools of Debian and Ubuntu).`,
    );
  }
}

const found = (path: string) => statSync(path, { throwIfNoEntry: false });
const isSocket = (path: string): boolean => found(path)?.isSocket() === true;

/** A device, or a name that other systems give to one (ioreg://..., nfc:...). */
function isHardwarePath(path: string): boolean {
  if (/^(?:[a-z]+:|\\\\)/.test(path)) return true;
  return found(path)?.isCharacterDevice() ?? path.startsWith('/dev/');
}
