/** Names, ports and TLS, as whoever uses them would. */
import { lookup } from 'node:dns/promises';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Findings } from './findings.ts';

const TIMEOUT = 4_000;
const DAY = 86_400_000;
const EXPIRES_SOON_DAYS = 21;

export async function resolves(findings: Findings, host: string): Promise<boolean> {
  try {
    const found = await lookup(host, { all: true });
    findings.ok('dns.name', host, found.map(({ address }) => address).join(', '));
    return true;
  } catch (error) {
    findings.failed(
      'dns.name',
      host,
      `the name does not resolve (${(error as NodeJS.ErrnoException).code})`, // dns throws ErrnoException
      'Add the name to DNS, or correct the DNS server of this machine.',
    );
    return false;
  }
}

export function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port, timeout: TIMEOUT });
    const end = (open: boolean) => () => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}

export async function portOpen(
  findings: Findings,
  { on, host, port, purpose }: { on: string; host: string; port: number; purpose: string },
): Promise<boolean> {
  const open = await isOpen(host, port);
  if (open) findings.ok('port', on, `TCP ${port} (${purpose}) is open`);
  else
    findings.failed(
      'port',
      on,
      `TCP ${port} (${purpose}) cannot be reached`,
      `Open TCP ${port} to ${on} in the firewalls between, and see that the service runs.`,
    );
  return open;
}

/** The certificate of a TLS server: trusted for its name, and for how long. */
export async function certificate(
  findings: Findings,
  { host, port, ca }: { host: string; port: number; ca: string | undefined },
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<{ error?: string; until?: Date }>();
  const name = host.replace(/^\[|\]$/g, '');
  const socket = connectTls({ host: name, port, servername: name, ...(ca ? { ca } : {}), timeout: TIMEOUT });
  socket.once('secureConnect', () => resolve({ until: new Date(socket.getPeerCertificate().valid_to) }));
  socket.once('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }));
  socket.once('timeout', () => resolve({ error: 'timeout' }));
  const { error, until } = await promise;
  socket.destroy();
  if (until === undefined) {
    findings.failed(
      'tls.certificate',
      host,
      `it is not trusted (${error})`,
      "Name the tenant's own authority with --ca, or give the tenant a certificate that this machine trusts. Check the clock.",
    );
    return false;
  }
  const days = Math.floor((until.getTime() - Date.now()) / DAY);
  if (days < EXPIRES_SOON_DAYS)
    findings.warning(
      'tls.certificate',
      host,
      `trusted, and over in ${days} days`,
      'Renew it, then restart the tenant.',
    );
  else findings.ok('tls.certificate', host, `trusted, good for ${days} days`);
  return true;
}

/** Five minutes are what Kerberos and the nonces of a sign-in bear. */
export function clock(findings: Findings, on: string, theirs: Date | undefined, whose: string): void {
  if (theirs === undefined) return;
  const seconds = Math.round((theirs.getTime() - Date.now()) / 1000);
  const detail = `${whose} is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} this machine's`;
  if (Math.abs(seconds) > 300)
    findings.failed(
      'clock',
      on,
      detail,
      'Set the clocks by one time server (NTP): more than five minutes apart, tickets are refused.',
    );
  else if (Math.abs(seconds) > 60)
    findings.warning('clock', on, detail, 'Set the clocks by one time server (NTP).');
  else findings.ok('clock', on, detail);
}
