/** The embedded domain, running: a KDC, the CLDAP answer with KEYLIST, and an intranet page. Node and nothing else. */
import { randomUUID } from 'node:crypto';
import { DS_FLAG, listenCldap } from '@kennel/active-directory';
import { createKdc, type KdcEvent, listenKdc } from '@kennel/kdc';
import { NAME_TYPE, type PrincipalName } from '@kennel/kerberos';
import { LabDirectory } from './directory.ts';
import { startIntranet } from './intranet.ts';

export interface LabDomainOptions {
  /** CORP.EXAMPLE.COM unless given. */
  realm?: string;
  /** Loopback address to listen on. */
  host?: string;
  kdcPort?: number;
  cldapPort?: number;
  /** The KDC's clock; the system's unless given. */
  now?: () => Date;
  onEvent?: (event: KdcEvent) => void;
  /** See `KdcOptions`: false lets in clients that send no checksum over the body, as Windows does. */
  requireBodyChecksum?: boolean;
}

export interface LabDomain {
  directory: LabDirectory;
  kdc: { host: string; port: number };
  cldap: { host: string; port: number };
  intranet: { url: string; name: PrincipalName };
  close(): Promise<void>;
}

/** All flags that a current writable domain controller with the key list sets, and prints in this order. */
const FLAGS = Object.values(DS_FLAG).reduce((all, flag) => all | flag, 0);

export async function startLabDomain(options: LabDomainOptions = {}): Promise<LabDomain> {
  const host = options.host ?? '127.0.0.1';
  const directory = new LabDirectory(options.realm ?? 'CORP.EXAMPLE.COM');
  const name = { nameType: NAME_TYPE.SRV_HST, nameString: ['HTTP', 'localhost'] };
  const { now, onEvent, requireBodyChecksum } = options;
  const kdc = createKdc(directory, {
    ...(now ? { now } : {}),
    ...(onEvent ? { onEvent } : {}),
    ...(requireBodyChecksum === undefined ? {} : { requireBodyChecksum }),
  });
  const listener = await listenKdc(kdc, { host, port: options.kdcPort ?? 0 });
  const domainName = directory.dnsDomainName;
  const cldap = await listenCldap(
    {
      flags: FLAGS,
      domainGuid: randomUUID(),
      forestName: domainName,
      domainName,
      hostName: `dc1.${domainName}`,
      netbiosDomainName: directory.netbiosDomainName,
      netbiosComputerName: 'DC1',
      userName: '',
      dcSiteName: 'Default-First-Site-Name',
      clientSiteName: 'Default-First-Site-Name',
    },
    { host, port: options.cldapPort ?? 0 },
  );
  const intranet = await startIntranet(directory.addService(name), { host });
  return {
    directory,
    kdc: { host, port: listener.port },
    cldap: { host, port: cldap.port },
    intranet: { url: `http://localhost:${intranet.port}/`, name },
    close: async () => {
      await Promise.all([listener.close(), cldap.close(), intranet.close()]);
    },
  };
}
