/** One Samba domain controller in a namespace of its own: opened, its server started, gone without a trace when stopped. */
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
import { type DomainFolders, type DomainNames, mountFolders } from './provision.ts';
import { type LabCa, writeTls } from './tls.ts';

export interface SambaController {
  /** The controller's IPv4 address, which this machine reaches. */
  readonly address: string;
  /** The controller's full name; only the namespaces themselves resolve it. */
  readonly fqdn: string;
  readonly workDir: string;
  /** A krb5.conf for clients on this machine. */
  readonly krb5Conf: string;
  /** The namespace: its link's name, the number of its first process. */
  readonly namespace: Namespace;
  readonly directory: Directory;
  /** Runs a program beside the controller, with the system's tools on its path. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  sambaTool(...args: string[]): Promise<RunResult>;
  /** Makes the controller unreachable, as when its network is down. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** The last lines that the server logged. */
  log(): string;
  stop(): Promise<void>;
}

export interface ControllerOptions {
  names: DomainNames;
  /** A temporary folder, removed by `stop`, unless told. Folders of an earlier domain in it are replaced. */
  workDir?: string | undefined;
  /** Controllers that are there already; they are connected, and asked for names. */
  others?: readonly SambaController[];
}

/** A controller whose folders stand and whose server does not run yet. */
export interface OpenedController extends SambaController {
  folders: DomainFolders;
  /** Starts the server and waits until every service answers. */
  start(options: {
    serverServices?: string | undefined;
    clockOffsetSeconds?: number;
    ca: LabCa;
  }): Promise<void>;
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

/** Opens the namespace and puts the folders into it. @throws SambaError not-root, namespace-failed, program-failed */
export async function openController({
  names,
  workDir: given,
  others = [],
}: ControllerOptions): Promise<OpenedController> {
  const { realm, hostName } = names;
  const fqdn = `${hostName}.${realm.toLowerCase()}`;
  const namespace = await openNamespace();
  const { address } = namespace;
  if (given) mkdirSync(given, { recursive: true, mode: 0o700 });
  const workDir = realpathSync(given ?? mkdtempSync(join(tmpdir(), 'kennel-samba-')));
  const logPath = join(workDir, 'log', 'server.log');
  const log = () => (existsSync(logPath) ? readFileSync(logPath, 'utf8').slice(-4000) : '');
  const stop = async () => {
    await namespace.close();
    if (!given) rmSync(workDir, { recursive: true, force: true });
  };
  try {
    for (const other of others) await namespace.connect(other.namespace);
    const krb5Conf = writeKrb5Conf({ dir: workDir, realm, kdc: { host: address, port: PORTS.kdc } });
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C.UTF-8',
      HOME: workDir,
      KRB5_CONFIG: krb5Conf,
    };
    const run: SambaController['run'] = (program, args, more = {}) =>
      namespace.run(program, args, { ...more, env: { ...env, ...more.env } });
    const folders = await mountFolders(run, workDir, names, address, others);
    const directory = openDirectory(run, folders.privateDir);
    const start: OpenedController['start'] = async ({ serverServices, clockOffsetSeconds = 0, ca }) => {
      await writeTls(join(workDir, 'lib', 'private'), ca, fqdn);
      const [program, ...args] = serverCommand(clockOffsetSeconds);
      const logFd = openSync(logPath, 'a', 0o600);
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
      // The server gives itself the names of its services some time after its ports are open.
      const filter = `(servicePrincipalName=ldap/${fqdn})`;
      const named = async () => (await directory.search({ filter, attributes: ['cn'] })).length > 0;
      await waitReady(server, named, log);
    };
    return {
      ...{ address, fqdn, workDir, krb5Conf, namespace, directory, run, log, stop, folders, start },
      sambaTool: (...args) => run('samba-tool', args),
      pause: () => namespace.setLink('down'),
      resume: () => namespace.setLink('up'),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
