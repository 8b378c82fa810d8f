/** An administrator's session in a domain: a domain controller found, a ticket for its LDAP service, the directory open. */
import { type Credentials, NAME_TYPE, requestTgt, requestTicket, tcpTransport } from '@kennel/kerberos';
import { type AdDirectory, openDirectory } from './ldap/directory.ts';
import { type LocatedDc, type LocateOptions, locateDomainController } from './locator/locate.ts';
import { kerberosSecurity } from './rpc/kerberos-security.ts';
import type { RpcSecurity } from './rpc/security.ts';

export interface DomainSessionOptions extends Pick<LocateOptions, 'domain' | 'dnsServers' | 'controllers'> {
  /** admin@corp.example.com; may be of another domain that the controller knows. */
  upn: string;
  password: string;
}

export interface DomainSession {
  dc: LocatedDc;
  directory: AdDirectory;
  /** A fresh security context for one RPC connection to the controller. */
  rpcSecurity(): RpcSecurity;
  close(): Promise<void>;
}

const KDC_PORT = 88;

/**
 * Signs in at a writable domain controller, with the password for this one session; it is not kept.
 * @throws ActiveDirectoryError (locator, LDAP); KerberosError `password-wrong`, `account-*`, `client-unknown`, `kdc-*`
 */
export async function openDomainSession({
  upn,
  password,
  ...where
}: DomainSessionOptions): Promise<DomainSession> {
  const dc = await locateDomainController({ ...where, require: ['kdc', 'writable'] });
  const realm = dc.domainName.toUpperCase();
  const transport = tcpTransport({ host: dc.address, port: KDC_PORT });
  const client = { nameType: NAME_TYPE.ENTERPRISE, nameString: [upn] };
  const { credentials: tgt, kdcTimeOffset } = await requestTgt({
    client,
    realm,
    secret: { password },
    transport,
  });
  const sname = { nameType: NAME_TYPE.SRV_INST, nameString: ['ldap', dc.hostName] };
  const ticket: Credentials = (await requestTicket({ tgt, sname, realm, transport, kdcTimeOffset }))
    .credentials;
  const now = () => new Date(Date.now() + kdcTimeOffset);
  const directory = await openDirectory({ host: dc.address }, ticket, now());
  return {
    dc,
    directory,
    rpcSecurity: () => kerberosSecurity(ticket, { now: now() }),
    close: directory.close,
  };
}
