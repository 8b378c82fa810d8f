/**
 * A session in a domain, an administrator's or a computer's own: a domain controller found, a ticket for its LDAP
 * service, the directory open.
 */
import {
  type Credentials,
  decodeKeytab,
  type KeytabEntry,
  NAME_TYPE,
  requestTgt,
  requestTicket,
  type TgtRequest,
  tcpTransport,
} from '@kennel/kerberos';
import { ActiveDirectoryError } from './errors.ts';
import { type AdDirectory, openDirectory } from './ldap/directory.ts';
import { type LocatedDc, type LocateOptions, locateDomainController, resolveHost } from './locator/locate.ts';
import { ntlmSecurity } from './ntlm/security.ts';
import { kerberosSecurity } from './rpc/kerberos-security.ts';
import type { RpcSecurity } from './rpc/security.ts';

type Where = Pick<LocateOptions, 'domain' | 'dnsServers' | 'controllers' | 'site'>;

export interface DomainSessionOptions extends Where {
  /** admin@corp.example.com; may be of another domain that the controller knows. */
  upn: string;
  password: string;
  /** LDAPS in place of LDAP sealed by Kerberos; `ca` is PEM, the system's roots unless given. */
  ldaps?: { ca?: string };
  /** NTLM in place of Kerberos for RPC, where a controller refuses Kerberos there. */
  ntlm?: boolean;
}

export interface MachineSessionOptions extends Where {
  /** sAMAccountName of the computer, `WS1$`. */
  account: string;
  /** The computer's keys. */
  keytab: readonly KeytabEntry[];
}

/** The sign-in at one domain controller. */
export interface ControllerSession {
  /** Name of the controller, in lower case. */
  hostName: string;
  address: string;
  directory: AdDirectory;
  /** A fresh security context for one RPC connection to the controller. */
  rpcSecurity(): RpcSecurity;
  close(): Promise<void>;
}

export interface DomainSession extends ControllerSession {
  dc: LocatedDc;
  /** Addresses of a controller, by its name. @throws ActiveDirectoryError `dc-not-found` */
  addressOf(hostName: string): Promise<string>;
  /**
   * The same sign-in at another controller, to be closed apart.
   * @throws ActiveDirectoryError `dc-not-found`, `dc-unreachable`, those of LDAP; KerberosError
   */
  at(hostName: string): Promise<ControllerSession>;
}

const KDC_PORT = 88;

/** The KDC has told the account's own name, whatever was typed. */
function ntlmName({ client }: Credentials, dc: LocatedDc): { user: string; domain: string } {
  const own = client.realm.toUpperCase() === dc.domainName.toUpperCase();
  return { user: client.name.nameString.join('/'), domain: own ? dc.netbiosDomainName : client.realm };
}

/**
 * Signs in at a writable domain controller, with the password for this one session; it is not kept.
 * @throws ActiveDirectoryError (locator, LDAP); KerberosError `password-wrong`, `account-*`, `client-unknown`, `kdc-*`
 */
export function openDomainSession({
  upn,
  password,
  ldaps,
  ntlm = false,
  ...where
}: DomainSessionOptions): Promise<DomainSession> {
  const client = { nameType: NAME_TYPE.ENTERPRISE, nameString: [upn] };
  return openSession(
    where,
    { client, secret: { password } },
    {
      ...(ldaps ? { ldaps: { ...ldaps, upn, password } } : {}),
      ...(ntlm ? { ntlmPassword: password } : {}),
    },
  );
}

/**
 * The same for a computer of the domain, with its own keys.
 * @throws ActiveDirectoryError (locator, LDAP); KerberosError `password-wrong` (the keytab is of an earlier
 *   password), `keytab-empty`, `account-*`, `client-unknown`, `kdc-*`
 */
export function openMachineSession({
  account,
  keytab,
  ...where
}: MachineSessionOptions): Promise<DomainSession> {
  const client = { nameType: NAME_TYPE.PRINCIPAL, nameString: [account] };
  return openSession(where, { client, secret: { keytab } });
}

/**
 * The same for a service's account.
 * @param options `upn`: its sAMAccountName before the @; `keytab`: the file's bytes
 * @throws as {@link openMachineSession}; KerberosError `keytab-malformed`
 */
export function openKeytabSession({
  upn,
  keytab,
  ...where
}: Where & { upn: string; keytab: Uint8Array }): Promise<DomainSession> {
  const [account = ''] = upn.split('@');
  return openMachineSession({ ...where, account, keytab: decodeKeytab(keytab) });
}

/** What is used in place of Kerberos, where it was asked for. */
interface OtherWays {
  ldaps?: { ca?: string; upn: string; password: string };
  ntlmPassword?: string;
}

async function openSession(
  where: Where,
  who: Pick<TgtRequest, 'client' | 'secret'>,
  { ldaps, ntlmPassword }: OtherWays = {},
): Promise<DomainSession> {
  const dc = await locateDomainController({ ...where, require: ['kdc', 'writable'] });
  const realm = dc.domainName.toUpperCase();
  const { credentials: tgt, kdcTimeOffset } = await requestTgt({
    ...who,
    realm,
    transport: tcpTransport({ host: dc.address, port: KDC_PORT }),
  });

  const open = async (hostName: string, address: string): Promise<ControllerSession> => {
    const transport = tcpTransport({ host: address, port: KDC_PORT });
    const sname = { nameType: NAME_TYPE.SRV_INST, nameString: ['ldap', hostName] };
    const { credentials: ticket, kdcTimeOffset: offset } = await requestTicket({
      ...{ tgt, sname, realm, transport, kdcTimeOffset },
    });
    const now = () => new Date(Date.now() + offset);
    const directory = await openDirectory(
      { host: address },
      {
        credentials: ticket,
        now: now(),
        ldaps: ldaps && { ...ldaps, serverName: hostName },
      },
    );
    return {
      ...{ hostName: hostName.toLowerCase(), address, directory },
      rpcSecurity: () =>
        ntlmPassword === undefined
          ? kerberosSecurity(ticket, { now: now() })
          : ntlmSecurity({ ...ntlmName(tgt, dc), password: ntlmPassword }, { now: now() }),
      close: directory.close,
    };
  };
  const addressOf = async (hostName: string) => {
    if (hostName.toLowerCase() === dc.hostName.toLowerCase()) return dc.address;
    const [address] = await resolveHost(hostName, where.dnsServers);
    if (address !== undefined) return address;
    throw new ActiveDirectoryError(
      'dc-not-found',
      `DNS knows no address of the domain controller ${hostName}.`,
    );
  };
  return {
    ...(await open(dc.hostName, dc.address)),
    dc,
    addressOf,
    at: async (hostName) => open(hostName, await addressOf(hostName)),
  };
}
