/** A real Samba AD domain controller, started in a namespace of its own and gone without a trace when stopped. */
import type { ChildProcess } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Directory, openDirectory } from './directory.ts';
import { SambaError } from './errors.ts';
import { writeKrb5Conf } from './krb5-conf.ts';
import { type Namespace, openNamespace } from './namespace.ts';
import type { RunOptions, RunResult } from './program.ts';
import {
  addAccounts,
  type DomainNames,
  makeShares,
  mountFolders,
  provisionDomain,
  randomPassword,
  readAccounts,
  type SambaShare,
  type SambaUser,
  writeSmbConf,
} from './provision.ts';
import {
  createKerberosServerObjects,
  exportKeytab,
  type KerberosServerObjects,
  type ServerObjectContext,
} from './server-objects.ts';

export interface SambaDomainOptions {
  /** CORP.EXAMPLE.COM unless told. */
  realm?: string;
  /** The realm's first label unless told. */
  netbiosName?: string;
  /** dc1 unless told. */
  hostName?: string;
  /** A random one unless told. */
  adminPassword?: string;
  /** A temporary folder, removed by `stop`, unless told. Folders of an earlier domain in it are replaced. */
  workDir?: string;
  groups?: readonly string[];
  users?: readonly SambaUser[];
  shares?: readonly SambaShare[];
  /** As smb.conf's `server services`: `-kdc` leaves ports 88 and 464 of the address free. */
  serverServices?: string;
  /** Seconds by which the controller's clock is ahead (needs the program faketime). */
  clockOffsetSeconds?: number;
}

export interface SambaDomain extends Pick<DomainNames, 'realm' | 'netbiosName' | 'baseDn'> {
  /** The controller's IPv4 address, which this machine reaches. */
  readonly address: string;
  /** The controller's full name; only the namespace itself resolves it. */
  readonly fqdn: string;
  readonly domainSid: string;
  readonly adminPassword: string;
  readonly workDir: string;
  /** A krb5.conf for clients on this machine. */
  readonly krb5Conf: string;
  /** The namespace: its link's name, the number of its first process. */
  readonly namespace: Namespace;
  readonly directory: Directory;
  /** Runs a program beside the controller, with the system's tools on its path. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  sambaTool(...args: string[]): Promise<RunResult>;
  /** The SID of a user or group by sAMAccountName. */
  sidOf(name: string): Promise<string>;
  createKerberosServerObjects(names?: { user: string; computer: string }): Promise<KerberosServerObjects>;
  /** Exports a principal's keys, as after a rotation; gives the keytab's path. */
  exportKeytab(principal: string): Promise<string>;
  /** Makes the controller unreachable, as when its network is down. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** The last lines that the server logged. */
  log(): string;
  stop(): Promise<void>;
}

const READY_SECONDS = 60;
const PORTS = { kdc: 88, rpc: 135, ldap: 389, s3fs: 445 } as const;

function isOpen(address: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: address, port, timeout: 1000 });
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  socket.once('timeout', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** Waits until every service answers, or throws with the log when the server ends or takes too long. */
async function waitReady(
  server: ChildProcess,
  ready: () => Promise<boolean>,
  log: () => string,
): Promise<void> {
  const deadline = Date.now() + READY_SECONDS * 1000;
  while (!(await ready())) {
    const ended = server.exitCode !== null || server.signalCode !== null;
    if (ended || Date.now() > deadline) {
      const what = ended ? 'ended before it was ready' : `was not ready within ${READY_SECONDS} s`;
      throw new SambaError('not-ready', `The Samba server ${what}. It said:\n${log()}`);
    }
    await wait(50);
  }
}

/** The program and arguments that run Samba, behind faketime where its clock is to differ. */
function serverCommand(clockOffsetSeconds: number): [string, ...string[]] {
  const samba = ['samba', '--interactive', '--debug-stdout'] as const;
  if (clockOffsetSeconds === 0) return [...samba];
  if (!existsSync('/usr/bin/faketime')) {
    throw new SambaError(
      'program-missing',
      'Another clock for the server needs faketime: apt-get install faketime.',
    );
  }
  const sign = clockOffsetSeconds > 0 ? '+' : '';
  return ['faketime', '-f', `${sign}${clockOffsetSeconds}s`, ...samba];
}

/**
 * Provisions and starts a domain: about seven seconds. Root on Linux with Samba's AD packages.
 *
 * @throws SambaError not-root, namespace-failed, provision-failed (with Samba's log), not-ready (with its log)
 */
export async function startSambaDomain(options: SambaDomainOptions = {}): Promise<SambaDomain> {
  const realm = (options.realm ?? 'CORP.EXAMPLE.COM').toUpperCase();
  const labels = realm.split('.');
  const names: DomainNames = {
    realm,
    netbiosName: options.netbiosName ?? labels[0] ?? realm,
    hostName: options.hostName ?? 'dc1',
    baseDn: labels.map((label) => `DC=${label.toLowerCase()}`).join(','),
  };
  const { adminPassword = randomPassword(), shares = [], serverServices, clockOffsetSeconds = 0 } = options;
  const command = serverCommand(clockOffsetSeconds);
  const namespace = await openNamespace();
  const { address } = namespace;
  if (options.workDir) mkdirSync(options.workDir, { recursive: true, mode: 0o700 });
  const workDir = realpathSync(options.workDir ?? mkdtempSync(join(tmpdir(), 'kennel-samba-')));
  const logPath = join(workDir, 'log', 'server.log');
  const log = () => (existsSync(logPath) ? readFileSync(logPath, 'utf8').slice(-4000) : '');
  const stop = async () => {
    await namespace.close();
    if (!options.workDir) rmSync(workDir, { recursive: true, force: true });
  };
  try {
    const krb5Conf = writeKrb5Conf({ dir: workDir, realm, kdc: { host: address, port: PORTS.kdc } });
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C.UTF-8',
      HOME: workDir,
      KRB5_CONFIG: krb5Conf,
    };
    const run: SambaDomain['run'] = (program, args, more = {}) =>
      namespace.run(program, args, { ...more, env: { ...env, ...more.env } });
    const folders = await mountFolders(run, workDir, names, address);
    const directory = openDirectory(run, folders.privateDir);
    await provisionDomain(run, names, address, adminPassword);
    await addAccounts(directory, names, options.groups ?? [], options.users ?? []);
    const accounts = await readAccounts(directory);
    writeSmbConf(folders, names, address, serverServices, shares, accounts);
    await makeShares(run, folders, shares, accounts);
    const [root] = await directory.search({ base: names.baseDn, scope: 'base', attributes: ['objectSid'] });
    const domainSid = root?.attributes.objectSid?.[0] ?? '';

    const logFd = openSync(logPath, 'a', 0o600);
    const [program, ...args] = command;
    const server = namespace.start(program, args, { env, logFd });
    closeSync(logFd);
    const off = (serverServices ?? '').split(/[\s,]+/);
    const ports = Object.entries(PORTS).flatMap(([name, port]) => (off.includes(`-${name}`) ? [] : port));
    const answers = async () =>
      (await Promise.all(ports.map((port) => isOpen(address, port)))).every(Boolean);
    await waitReady(server, answers, log);
    // A file server without winbindd knows no user: it is the last to come.
    const winbind = () =>
      run('wbinfo', ['--ping']).then(
        () => true,
        () => false,
      );
    if (!off.includes('-winbindd')) await waitReady(server, winbind, log);

    const context: ServerObjectContext = { run, directory, baseDn: names.baseDn, domainSid, workDir };
    return {
      ...{ realm, netbiosName: names.netbiosName, baseDn: names.baseDn, domainSid, adminPassword },
      ...{ address, workDir, krb5Conf, namespace, directory, run, log, stop },
      fqdn: `${names.hostName}.${realm.toLowerCase()}`,
      sambaTool: (...toolArgs) => run('samba-tool', toolArgs),
      async sidOf(name) {
        const [entry] = await directory.search({
          filter: `(sAMAccountName=${name})`,
          attributes: ['objectSid'],
        });
        const sid = entry?.attributes.objectSid?.[0];
        if (!sid) throw new SambaError('unknown-account', `The domain has no user or group "${name}".`);
        return sid;
      },
      createKerberosServerObjects: (objectNames) => createKerberosServerObjects(context, objectNames),
      exportKeytab: (principal) => exportKeytab(context, principal),
      pause: () => namespace.setLink('down'),
      resume: () => namespace.setLink('up'),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
