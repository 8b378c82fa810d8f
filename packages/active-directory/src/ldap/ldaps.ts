/** LDAPS: TLS from the first byte, to a controller whose certificate names it and is trusted. */
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import type { Client } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';

export interface LdapsOptions {
  /** The controller's full name, which its certificate must bear. */
  serverName: string;
  /** PEM; the system's roots unless given. */
  ca?: string;
  /** For controllers that take nothing but a password inside TLS. */
  upn: string;
  password: string;
}

/** @throws ActiveDirectoryError `dc-unreachable`, `ldaps-untrusted` */
export function openTls(
  host: string,
  port: number,
  { serverName, ca }: LdapsOptions,
  timeout: number,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      servername: serverName,
      ...(ca ? { ca } : {}),
      minVersion: 'TLSv1.2',
    });
    socket.setTimeout(timeout);
    const failed = (cause: NodeJS.ErrnoException | string) => {
      socket.destroy();
      const code = typeof cause === 'string' ? cause : (cause.code ?? '');
      const untrusted = /CERT|SIGNATURE|ISSUER|ALTNAME|SELF_SIGNED|^ERR_(TLS|SSL|OSSL)/.test(code);
      reject(
        untrusted
          ? new ActiveDirectoryError(
              'ldaps-untrusted',
              `The TLS certificate of ${serverName} is not trusted (${code}). Give the CA that issued it with --ca, or leave out --ldaps.`,
              { cause: String(cause) },
            )
          : new ActiveDirectoryError(
              'dc-unreachable',
              `The domain controller ${serverName} (${host}:${port}) cannot be reached over LDAPS (${code}). Without --ldaps, LDAP is used, sealed by Kerberos.`,
              { cause: String(cause) },
            ),
      );
    };
    socket.once('error', failed).once('timeout', () => failed('timeout'));
    socket.once('secureConnect', () => {
      socket.removeAllListeners('error').removeAllListeners('timeout');
      socket.on('error', () => undefined); // told by whoever reads
      resolve(socket);
    });
  });
}

/** @throws ActiveDirectoryError `ldap-refused` */
export async function simpleBind(client: Client, { upn, password, serverName }: LdapsOptions): Promise<void> {
  await client.bind(upn, password).catch((error: unknown) => {
    throw new ActiveDirectoryError(
      'ldap-refused',
      `The domain controller ${serverName} refused the sign-in over LDAPS.`,
      { cause: String(error) },
    );
  });
}
