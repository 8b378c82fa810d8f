/** An AD directory over LDAP on port 389, signed in with Kerberos and sealed: no TLS certificate of the domain is needed. */
import { connect, type Socket } from 'node:net';
import { type Credentials, decodeSid, spnegoInitiator } from '@kennel/kerberos';
import { Client, type Entry } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';
import { saslBind } from './sasl-bind.ts';
import { SealedStream } from './sealed-stream.ts';

export interface AdDirectory {
  readonly client: Client;
  /** defaultNamingContext, e.g. DC=corp,DC=example,DC=com. */
  readonly baseDn: string;
  readonly domainSid: string;
  close(): Promise<void>;
}

const TIMEOUT = 10_000;

/**
 * @param credentials a service ticket for `ldap/<the controller's name>`
 * @param now the controller's clock as far as known
 * @throws ActiveDirectoryError `dc-unreachable`, `ldap-refused`, `ldap-malformed`
 */
export async function openDirectory(
  address: { host: string; port?: number },
  credentials: Credentials,
  now: Date = new Date(),
): Promise<AdDirectory> {
  const socket = await open(address.host, address.port ?? 389);
  try {
    const context = await saslBind(
      socket,
      spnegoInitiator(credentials, { now, mutual: true, confidentiality: true }),
    );
    socket.setTimeout(0);
    const stream = new SealedStream(socket, context);
    const client = new Client({
      url: `ldap://${address.host.includes(':') ? `[${address.host}]` : address.host}`,
      timeout: TIMEOUT,
      strictDN: false, // AD names objects by <SID=...> too
      createConnection: (() => stream) as unknown as typeof connect, // the client asks for a socket and uses a stream
    });
    const [root] = (await client.search('', { scope: 'base', attributes: ['defaultNamingContext'] }))
      .searchEntries;
    const baseDn = String(root?.defaultNamingContext ?? '');
    const sid = await objectSid(client, baseDn);
    return {
      client,
      baseDn,
      domainSid: sid,
      close: async () => {
        await client.unbind();
        socket.destroy();
      },
    };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The one entry of a name; undefined where there is none. */
export async function findEntry(
  client: Client,
  dn: string,
  attributes: string[],
): Promise<Entry | undefined> {
  try {
    const { searchEntries } = await client.search(dn, {
      scope: 'base',
      attributes,
      explicitBufferAttributes: ['objectSid'],
    });
    return searchEntries[0];
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchObjectError') return undefined;
    throw error;
  }
}

/** The SID of an object, as text. @throws ActiveDirectoryError `object-not-found` */
export async function objectSid(client: Client, dn: string): Promise<string> {
  const sid = (await findEntry(client, dn, ['objectSid']))?.objectSid;
  if (!Buffer.isBuffer(sid))
    throw new ActiveDirectoryError('object-not-found', `The directory shows no SID of ${dn}.`);
  return decodeSid(sid);
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: TIMEOUT });
    const failed = (cause: unknown) => {
      socket.destroy();
      reject(
        new ActiveDirectoryError(
          'dc-unreachable',
          `The domain controller at ${host}:${port} cannot be reached over LDAP.`,
          { cause: String(cause) },
        ),
      );
    };
    socket.once('error', failed).once('timeout', () => failed('timeout'));
    socket.once('connect', () => {
      socket.removeAllListeners('error').removeAllListeners('timeout');
      socket.on('error', () => undefined); // told by whoever reads
      resolve(socket);
    });
  });
}
