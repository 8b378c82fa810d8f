/** Where each file of a tenant lies. */
import { isAbsolute, join } from 'node:path';

/** The files of a state directory; the directory is for its owner alone (0700). */
export function statePaths(stateDir: string) {
  return {
    config: join(stateDir, 'config.json'),
    socket: join(stateDir, 'admin.sock'),
    lock: join(stateDir, 'instance.lock'),
    tls: join(stateDir, 'tls'),
    /** A path of the configuration, relative to the state directory. */
    inside: (path: string) => (isAbsolute(path) ? path : join(stateDir, path)),
  };
}
