/** Where state lives: `KENNEL_HOME`, or `.kennel` in the user's home. Tenant and device each have a folder in it. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export const kennelHome = (): string => resolve(process.env.KENNEL_HOME ?? join(homedir(), '.kennel'));
export const tenantDir = (): string => join(kennelHome(), 'tenant');
export const deviceDir = (): string => join(kennelHome(), 'device');
/** Clients that are enrolled here, a folder each. */
export const clientsDir = (): string => join(kennelHome(), 'clients');
/** The software key's socket and file, for labs. */
export const softwareKeySocket = (): string =>
  process.env.KENNEL_SECURITY_KEY ?? join(kennelHome(), 'software-key.sock');
export const softwareKeyState = (): string => join(kennelHome(), 'software-key.json');
