/** Whether a security key can sign in on this device at all: known before anyone is asked for a key or a PIN. */
import { DeviceError } from '../errors/device-error.ts';
import { findDevice } from '../state/device.ts';
import { findMembership, type MembershipFiles, membershipFiles } from './membership.ts';

/**
 * @param files where a membership of a domain is looked for
 * @throws DeviceError `not-joined`, or `on-premises-only` on a computer of a domain; those of reading a state file
 */
export function checkJoined(stateDir: string, files: MembershipFiles = membershipFiles()): void {
  if (findDevice(stateDir) !== undefined) return;
  const membership = findMembership(files);
  if (membership === undefined) throw new DeviceError('not-joined');
  throw new DeviceError('on-premises-only', { about: membership.realm });
}
