/** A user's ticket-granting ticket for programs that read .kirbi files (KRB-CRED, RFC 4120 section 5.8). */
import { resolve } from 'node:path';
import { type Credentials, encodeKirbi } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';
import { replaceFile } from '../state/files.ts';
import { pickUser } from '../state/user.ts';
import { principalOf, readCcache } from './ccache.ts';

export interface ExportedTicket {
  path: string;
  /** `alice@CORP.EXAMPLE.COM` */
  principal: string;
  endTime: Date;
}

/**
 * Writes the file, for its owner alone: whoever has it is the user until the ticket ends.
 *
 * @throws DeviceError `not-signed-in`, `no-partial-tgt` where there is no ticket, `ccache-unwritable`
 */
export function exportKirbi(options: { stateDir: string; path: string; user?: string }): ExportedTicket {
  const { ticket } = pickUser(options.stateDir, options.user);
  const cache = ticket && readCcache(ticket.ccache);
  const tgt = cache?.credentials.find(isTgt);
  if (
    ticket === undefined ||
    cache === undefined ||
    tgt === undefined ||
    principalOf(cache) !== ticket.principal
  )
    throw new DeviceError('no-partial-tgt');
  const path = resolve(options.path);
  const bytes = Buffer.from(encodeKirbi([tgt]));
  try {
    replaceFile(path, bytes);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
    throw new DeviceError('ccache-unwritable', { about: `${path}: ${code}`, details: { path, code }, cause });
  } finally {
    bytes.fill(0);
  }
  return { path, principal: ticket.principal, endTime: tgt.endtime };
}

const isTgt = ({ server }: Credentials) => server.name.nameString[0] === 'krbtgt';
