/** Where the tickets of local users go: one file each, theirs, in a directory that is the agent's, in memory. */
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DeviceError } from '../errors/device-error.ts';
import { liesInMemory } from '../state/boot-key.ts';
import { onDisk } from '../state/files.ts';

/** `/run/kennel-tickets`; where /run is a disk, the memory file system that every Linux has. */
export const defaultTicketsDir = (): string =>
  ['/run/kennel-tickets', '/dev/shm/kennel-tickets'].find(liesInMemory) ?? '/run/kennel-tickets';

/**
 * The file of a user's tickets. Its directory can be walked through by everyone and written to by the agent alone: a user
 * cannot put something else in the file's place, which the agent would then open.
 *
 * @throws DeviceError `ccache-unwritable`
 */
export function ticketsFile(directory: string, uid: number): string {
  onDisk(directory, () => {
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    const { uid: owner, mode } = lstatSync(directory);
    if (!lstatSync(directory).isDirectory() || owner !== process.getuid?.() || (mode & 0o022) !== 0) {
      throw new DeviceError('ccache-unwritable', { about: `${directory} is not the agent's own` });
    }
    chmodSync(directory, 0o711); // whatever the umask was
  });
  return join(directory, `krb5cc_${uid}`);
}
