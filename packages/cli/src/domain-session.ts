/** Commands that speak to an AD domain: their options, and the session with a credential that is given for the one command. */
import { readFileSync } from 'node:fs';
import type { DomainSession, ServerObjects } from '@kennel/active-directory';
import { parseAddress } from './address.ts';
import { type Given, option, required, text } from './command.ts';
import { CliError } from './errors.ts';
import { passwordFileOption, readPassword } from './pin.ts';

export const OBJECT_NAME = option('--object-name <name>', 'where the default names are taken in the domain');

export const DOMAIN = required('--domain <dns-name>', 'the AD domain');
const CREDENTIAL = [
  '--domain-credential <upn>',
  'a Domain Admin, as admin@corp.example.com; used for this command only',
] as const;

/** How the domain is reached. */
const REACHED = [
  passwordFileOption,
  option('--ldaps', 'LDAP inside TLS, in place of LDAP sealed by Kerberos'),
  option('--ca <file>', "the CA of the domain controllers' certificates, for --ldaps (PEM)"),
  option('--site <site>', 'a domain controller of this site'),
  option('--dns <address>', 'ask this DNS server for the domain'),
  option('--dc <host>', 'this domain controller, and no DNS'),
];

export const DOMAIN_OPTIONS = [DOMAIN, required(...CREDENTIAL), ...REACHED];
/** The same where a command has work without the domain, too. */
export const OPTIONAL_CREDENTIAL_OPTIONS = [DOMAIN, option(...CREDENTIAL), ...REACHED];

/** For services: sync alone takes it. */
export const KEYTAB = option(
  '--keytab <file>',
  "the credential's keys in place of its password; its name before the @ is the account's (sAMAccountName)",
);

/** For the commands that read keys over RPC. */
export const NTLM = option(
  '--ntlm',
  'NTLM in place of Kerberos for RPC, where a controller refuses Kerberos there; weaker, so off unless given',
);

/** Opens a session at a writable domain controller for one command. */
export async function withDomain<T>(given: Given, use: (session: DomainSession) => Promise<T>): Promise<T> {
  const { openDomainSession, openKeytabSession } = await import('@kennel/active-directory');
  const upn = text(given, 'domainCredential') ?? '';
  const [dns, dc, site, ca] = [text(given, 'dns'), text(given, 'dc'), text(given, 'site'), text(given, 'ca')];
  if (ca !== undefined && given.ldaps !== true)
    throw new CliError(
      'usage',
      '--ca is for --ldaps: without it LDAP is sealed by Kerberos, and needs no certificate.',
    );
  if (given.ntlm === true)
    progress(
      'WARNING: --ntlm: the RPC connection that the key comes over is sealed under RC4, and its password can be guessed from what was seen on the way. Use Kerberos where it works.',
    );
  const where = {
    domain: text(given, 'domain') ?? '',
    ...(dns ? { dnsServers: [dns] } : {}),
    ...(site ? { site } : {}),
    ...(dc ? { controllers: [{ host: parseAddress('--dc', dc).host }] } : {}),
  };
  const keytab = text(given, 'keytab');
  if (keytab !== undefined && (given.ldaps === true || text(given, 'passwordFile') !== undefined))
    throw new CliError(
      'usage',
      '--keytab goes with LDAP sealed by Kerberos, and in place of a password: leave out --ldaps and --password-file.',
    );
  const session =
    keytab === undefined
      ? await openDomainSession({
          ...where,
          upn,
          password: await readPassword(text(given, 'passwordFile'), `Password of ${upn}`),
          ntlm: given.ntlm === true,
          ...(given.ldaps === true
            ? { ldaps: ca === undefined ? {} : { ca: readFile('CA', ca).toString() } }
            : {}),
        })
      : await openKeytabSession({ ...where, upn, keytab: readFile('keytab', keytab) });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

/** The same with the domain's Kerberos server object. @throws CliError `object-not-found` */
export function withServerObjects<T>(
  given: Given,
  use: (opened: { session: DomainSession; objects: ServerObjects }) => Promise<T>,
): Promise<T> {
  return withDomain(given, async (session) => {
    const { findServerObjects } = await import('@kennel/active-directory');
    const objects = await findServerObjects(session.directory, text(given, 'objectName'));
    if (objects) return use({ session, objects });
    throw new CliError(
      'object-not-found',
      'The domain has no Kerberos server object. Make it with: kennel kerberos-server create',
    );
  });
}

function readFile(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
    throw new CliError('file-unreadable', `The ${what} ${path} cannot be read (${code}).`);
  }
}

/** A line of progress, to standard error: standard output is the result's. */
export const progress = (line: string): void => console.error(line);
