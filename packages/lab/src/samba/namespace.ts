/**
 * A network, mount and process namespace joined to this machine by a veth pair (unshare(2), veth(4)): programs
 * in it own every port of their address and touch none of the machine's. It lives as long as a pipe to this
 * process, so that nothing of it survives even when this process is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { SambaError } from './errors.ts';
import { type RunOptions, type RunResult, runProgram } from './program.ts';

export interface Namespace {
  /** The address inside, which this machine reaches. */
  readonly address: string;
  /** This machine's address on the same link. */
  readonly hostAddress: string;
  /** The name of this machine's end of the link. */
  readonly interfaceName: string;
  /** The number, for this machine, of the process that holds the namespaces. */
  readonly pid: number;
  /** Runs a program inside and waits for it. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a program inside, its output into an open file; it ends with the namespace. */
  start(
    command: string,
    args: readonly string[],
    options: { env: NodeJS.ProcessEnv; logFd: number },
  ): ChildProcess;
  /** Unplugs and plugs the link from inside: this machine soon gets "no route to host". */
  setLink(state: 'up' | 'down'): Promise<void>;
  /** A link of their own to another namespace, so that programs of both reach one another. */
  connect(other: Namespace): Promise<NamespaceLink>;
  /** Ends every process inside and removes the links. */
  close(): Promise<void>;
}

export interface NamespaceLink {
  /** Cuts and restores it; what this machine reaches is not touched. */
  set(state: 'up' | 'down'): Promise<void>;
}

const NETWORKS = 254;
const INSIDE = 'eth0';

async function hold(): Promise<{ holder: ChildProcess; pid: number }> {
  const flags = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  // The first process in a PID namespace takes all others with it; this one ends when our pipe closes.
  const holder = spawn('unshare', [...flags, 'sh', '-c', 'echo ready; exec cat >/dev/null'], {
    stdio: 'pipe',
  });
  let problem = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (problem += text));
  const first = await Promise.race([
    once(holder.stdout, 'data').then(() => 'ready'),
    once(holder, 'exit').then(() => problem),
    once(holder, 'error').then(([error]) => String(error)),
  ]);
  if (first !== 'ready') {
    throw new SambaError('namespace-failed', 'Namespaces cannot be made here; run as root on Linux.', {
      first,
    });
  }
  const children = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8');
  return { holder, pid: Number.parseInt(children, 10) };
}

/** Takes the first free network of 10.88.1.0/24 to 10.88.254.0/24; the link's name is the lock. */
async function plug(pid: number): Promise<{ number: number; name: string }> {
  const used = Object.values(networkInterfaces()).flatMap((list) => list?.map((item) => item.address) ?? []);
  const first = process.pid % NETWORKS;
  for (let step = 0; step < NETWORKS; step++) {
    const number = ((first + step) % NETWORKS) + 1;
    const name = `kennel${number}`;
    if (used.some((address) => address.startsWith(`10.88.${number}.`))) continue;
    try {
      await runProgram('ip', [
        'link',
        'add',
        name,
        'type',
        'veth',
        'peer',
        'name',
        INSIDE,
        'netns',
        String(pid),
      ]);
      return { number, name };
    } catch (error) {
      if (!(error instanceof SambaError) || !String(error.details.stderr).includes('File exists'))
        throw error;
    }
  }
  throw new SambaError('namespace-failed', 'Every network 10.88.N.0/24 is taken; stop some domains.');
}

/** A veth pair between two namespaces; each end knows the one address behind it. */
async function connect(one: Namespace, other: Namespace): Promise<NamespaceLink> {
  const [near, far] = [`to-${other.interfaceName}`, `to-${one.interfaceName}`];
  const ends = [
    { side: one, name: near, to: other.address },
    { side: other, name: far, to: one.address },
  ];
  await runProgram('ip', [
    ...['link', 'add', near, 'netns', String(one.pid), 'type', 'veth'],
    ...['peer', 'name', far, 'netns', String(other.pid)],
  ]);
  const set = async (state: 'up' | 'down') => {
    for (const { side, name, to } of ends) {
      await side.run('ip', ['link', 'set', name, state]);
      // A route goes with its link.
      if (state === 'up')
        await side.run('ip', ['route', 'replace', `${to}/32`, 'dev', name, 'src', side.address]);
    }
  };
  await set('up');
  return { set };
}

/**
 * Opens the namespaces and joins them to this machine.
 *
 * @throws SambaError not-root, namespace-failed, program-failed
 */
export async function openNamespace(): Promise<Namespace> {
  if (process.getuid?.() !== 0) {
    throw new SambaError(
      'not-root',
      'A Samba domain in a namespace needs root; run as root, or use the lab domain.',
    );
  }
  const { holder, pid } = await hold();
  const within = (command: string, args: readonly string[]) => [
    ...['-t', String(pid), '--net', '--mount', '--pid', '--'],
    ...[command, ...args],
  ];
  const run: Namespace['run'] = (command, args, options) =>
    runProgram('nsenter', within(command, args), options);
  let name: string | undefined;
  const close = async () => {
    if (holder.exitCode === null && holder.signalCode === null) {
      holder.ref();
      const gone = once(holder, 'exit');
      holder.stdin?.end();
      await gone;
    }
    // The link goes with its network, but later than its processes do.
    if (name) await runProgram('ip', ['link', 'delete', name]).catch(() => undefined);
    name = undefined;
  };
  try {
    const link = await plug(pid);
    name = link.name;
    const hostAddress = `10.88.${link.number}.1`;
    const address = `10.88.${link.number}.2`;
    await runProgram('ip', ['address', 'add', `${hostAddress}/24`, 'dev', name]);
    await runProgram('ip', ['link', 'set', name, 'up']);
    // Three questions for a neighbour that is gone take 3 s by default: a test need not wait for that.
    await runProgram('sysctl', ['-qw', `net.ipv4.neigh.${name}.retrans_time_ms=50`]).catch(() => undefined);
    await run('ip', ['link', 'set', 'lo', 'up']);
    await run('ip', ['address', 'add', `${address}/24`, 'dev', INSIDE]);
    await run('ip', ['link', 'set', INSIDE, 'up']);
    // A domain that is never stopped does not keep this process alive: it ends with it.
    holder.unref();
    for (const pipe of [holder.stdin, holder.stdout, holder.stderr])
      (pipe as { unref?(): void } | null)?.unref?.(); // sockets, though typed as streams
    const namespace: Namespace = {
      address,
      hostAddress,
      interfaceName: name,
      pid,
      run,
      connect: (other) => connect(namespace, other),
      start(command, args, { env, logFd }) {
        const child = spawn('nsenter', within(command, args), { env, stdio: ['ignore', logFd, logFd] });
        child.unref();
        return child;
      },
      setLink: async (state) => {
        await run('ip', ['link', 'set', INSIDE, state]);
      },
      close,
    };
    return namespace;
  } catch (error) {
    await close();
    throw error;
  }
}
