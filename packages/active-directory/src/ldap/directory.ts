/** An AD directory over LDAP, signed in with Kerberos and sealed: no TLS certificate of the domain is needed; or over LDAPS. */
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Credentials, decodeSid, spnegoInitiator } from '@kennel/kerberos';
import { Client, type Entry } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';
import { type LdapsOptions, openTls, simpleBind } from './ldaps.ts';
import { saslBind } from './sasl-bind.ts';
import { SealedStream } from './sealed-stream.ts';

export interface AdDirectory {
  readonly client: Client;
  /** defaultNamingContext, e.g. DC=corp,DC=example,DC=com. */
  readonly baseDn: string;
  /** configurationNamingContext: that of the forest. */
  readonly configurationDn: string;
  readonly domainSid: string;
  close(): Promise<void>;
}

const TIMEOUT = 10_000;
const LDAP_PORT = 389;
const LDAPS_PORT = 636;
/** strongerAuthRequired (RFC 4511 section 4.1.9). */
const STRONG_AUTH_REQUIRED = 8;
const ROOT_ATTRIBUTES = ['defaultNamingContext', 'configurationNamingContext'];

export interface OpenDirectoryOptions {
  /** A service ticket for `ldap/<the controller's name>`. */
  credentials: Credentials;
  /** The controller's clock as far as known; the system's unless given. */
  now?: Date;
  /** LDAPS in place of LDAP sealed by Kerberos. */
  ldaps?: LdapsOptions | undefined;
}

/**
 * Opens the directory of a controller, signed in with Kerberos and protected: sealed by Kerberos, or by TLS.
 * @throws ActiveDirectoryError `dc-unreachable`, `ldap-refused`, `ldap-malformed`, `ldaps-untrusted`
 */
export async function openDirectory(
  address: { host: string; port?: number },
  { credentials, now = new Date(), ldaps }: OpenDirectoryOptions,
): Promise<AdDirectory> {
  const { host } = address;
  const socket = ldaps
    ? await openTls(host, address.port ?? LDAPS_PORT, ldaps, TIMEOUT)
    : await open(host, address.port ?? LDAP_PORT);
  const client = (stream: Duplex) =>
    new Client({
      url: `ldap://${host.includes(':') ? `[${host}]` : host}`,
      timeout: TIMEOUT,
      strictDN: false, // AD names objects by <SID=...> too
      createConnection: (() => {
        setImmediate(() => stream.resume()); // it was paused after the bind
        return stream;
      }) as unknown as typeof connect, // the client asks for a socket and uses a stream
    });
  try {
    const initiate = (confidentiality: boolean) =>
      spnegoInitiator(credentials, { now, mutual: true, confidentiality, integrity: confidentiality });
    if (!ldaps) {
      const context = await saslBind(socket, initiate(true));
      socket.setTimeout(0);
      return await ready(client(new SealedStream(socket, context)), socket);
    }
    // Inside TLS neither signing nor sealing is allowed; Samba then wants the password instead.
    const signedIn = await saslBind(socket, initiate(false)).catch((error: unknown) => {
      if (error instanceof ActiveDirectoryError && error.details.code === STRONG_AUTH_REQUIRED) return false;
      throw error;
    });
    socket.setTimeout(0);
    const opened = client(socket);
    if (signedIn === false) await simpleBind(opened, ldaps);
    return await ready(opened, socket);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function ready(client: Client, socket: Socket): Promise<AdDirectory> {
  const { searchEntries } = await client.search('', { scope: 'base', attributes: ROOT_ATTRIBUTES });
  const [root] = searchEntries;
  const baseDn = String(root?.defaultNamingContext ?? '');
  return {
    client,
    baseDn,
    configurationDn: String(root?.configurationNamingContext ?? ''),
    domainSid: await objectSid(client, baseDn),
    close: async () => {
      await client.unbind().catch(() => undefined); // a controller that is gone needs no farewell
      socket.destroy();
    },
  };
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
