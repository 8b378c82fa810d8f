/** MIT's KDC for one or more realms on a loopback port, with the principals that a test asks for. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runProgram } from '../../packages/lab/src/samba/index.ts';

export interface MitRealm {
  realm: string;
  /** Commands of kadmin.local, as `addprinc -pw secret alice`. */
  setup: readonly string[];
}

export interface MitKdc {
  readonly host: string;
  readonly port: number;
  readonly dir: string;
  /** KRB5_CONFIG for clients and services. */
  readonly krb5Conf: string;
  /** Runs a command of kadmin.local. */
  kadmin(realm: string, command: string): Promise<string>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}

function isOpen(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** Starts `krb5kdc`; a host name's last labels are its realm in lower case. */
export async function startMitKdc(realms: readonly MitRealm[]): Promise<MitKdc> {
  const dir = mkdtempSync(join(tmpdir(), 'kennel-mit-'));
  const port = await freePort();
  const krb5Conf = join(dir, 'krb5.conf');
  const names = realms.map(({ realm }) => realm);
  const lines = (list: readonly (readonly string[])[]) => list.flat().join('\n');
  writeFileSync(
    krb5Conf,
    lines([
      ['[libdefaults]', `  default_realm = ${names[0]}`, '  dns_lookup_kdc = false', '  rdns = false'],
      ['  dns_canonicalize_hostname = false', '  ignore_acceptor_hostname = true', '[realms]'],
      names.flatMap((realm) => [`  ${realm} = {`, `    kdc = 127.0.0.1:${port}`, '  }']),
      ['[domain_realm]', ...names.map((realm) => `  .${realm.toLowerCase()} = ${realm}`), ''],
    ]),
  );
  const kdcConf = join(dir, 'kdc.conf');
  writeFileSync(
    kdcConf,
    lines([
      ['[kdcdefaults]', `  kdc_listen = 127.0.0.1:${port}`, `  kdc_tcp_listen = 127.0.0.1:${port}`],
      ['  host_based_services = *', '[realms]'],
      names.flatMap((realm) => [
        `  ${realm} = {`,
        `    database_name = ${join(dir, realm)}`,
        `    key_stash_file = ${join(dir, `${realm}.stash`)}`,
        '    supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal',
        '    default_principal_flags = +preauth',
        '  }',
      ]),
      ['[logging]', `  kdc = FILE:${join(dir, 'kdc.log')}`, ''],
    ]),
  );
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C',
    KRB5_CONFIG: krb5Conf,
    KRB5_KDC_PROFILE: kdcConf,
  };
  const kadmin = async (realm: string, command: string) => {
    const { stdout, stderr } = await runProgram('kadmin.local', ['-r', realm, '-q', command], { env });
    if (/while|Usage/.test(stderr)) throw new Error(`kadmin.local ${command}: ${stderr}`);
    return stdout;
  };
  for (const { realm, setup } of realms) {
    await runProgram('kdb5_util', ['-r', realm, 'create', '-s', '-P', 'master'], { env });
    for (const command of setup) await kadmin(realm, command);
  }
  const kdc = spawn('krb5kdc', ['-n', ...names.flatMap((realm) => ['-r', realm])], { env, stdio: 'pipe' });
  let said = '';
  kdc.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  for (let tries = 0; !(await isOpen(port)); tries++) {
    if (tries > 100 || kdc.exitCode !== null) throw new Error(`krb5kdc did not start: ${said}`);
    await wait(50);
  }
  return {
    host: '127.0.0.1',
    port,
    dir,
    krb5Conf,
    kadmin,
    stop: async () => {
      if (kdc.exitCode === null && kdc.signalCode === null) {
        const gone = once(kdc, 'exit');
        kdc.kill();
        await gone;
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
