/**
 * A real PostgreSQL of a test's own: a fresh cluster in a temporary directory, reached through a Unix socket
 * there and nothing else, run as the user `postgres` where the tests run as root (the server refuses root).
 */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface PostgresServer {
  /** Makes an empty database and gives its connection URL, as the superuser. */
  createDatabase(name: string): string;
  /** Stops the server at once and removes its directory. */
  stop(): Promise<void>;
}

const START_MS = 30_000;

const binaries = (): string => {
  const found = ['18', '17', '16', '15']
    .map((v) => `/usr/lib/postgresql/${v}/bin`)
    .find((d) => existsSync(join(d, 'initdb')));
  if (found === undefined) throw new Error('PostgreSQL is missing: apt-get install postgresql');
  return found;
};

/**
 * Starts a server and waits until it takes connections.
 *
 * @param durable whether commits wait for the disk: not for tests, always where speed is measured
 */
export async function startPostgres({ durable = false } = {}): Promise<PostgresServer> {
  const bin = binaries();
  const dir = mkdtempSync(join(tmpdir(), 'kennel-pg-'));
  const data = join(dir, 'data');
  const asPostgres = process.getuid?.() === 0;
  const prefix = asPostgres
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--']
    : [];
  const [program = '', ...args] = [...prefix, join(bin, 'initdb')];
  try {
    if (asPostgres) chownSync(dir, idOf('-u'), idOf('-g'));
    execFileSync(
      program,
      [
        ...args,
        '-D',
        data,
        '-U',
        'postgres',
        '--auth=trust',
        '--encoding=UTF8',
        '--locale=C.UTF-8',
        '--no-sync',
      ],
      {
        stdio: 'pipe',
        cwd: dir,
      },
    );
    return await run([...prefix, join(bin, 'postgres')], dir, data, durable ? [] : ['-F']);
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

async function run(
  [program = '', ...args]: string[],
  dir: string,
  data: string,
  more: readonly string[],
): Promise<PostgresServer> {
  // setpriv replaces itself by the server, so this process id is the server's.
  const server = spawn(
    program,
    [...args, '-D', data, '-k', dir, '-h', '', ...more, '-c', 'max_connections=50'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: dir,
    },
  );
  const binary = args.at(-1) ?? program;
  let output = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const killWithUs = () => server.kill('SIGQUIT');
  process.once('exit', killWithUs);
  const stop = async () => {
    process.off('exit', killWithUs);
    server.kill('SIGINT'); // fast shutdown: connections are closed
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_MS;
  while (!ready(data)) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`PostgreSQL did not start:\n${output}`);
    }
    await wait(20);
  }
  const createDatabase = (name: string) => {
    execFileSync(join(dirname(binary), 'createdb'), ['-h', dir, '-U', 'postgres', name], { stdio: 'pipe' });
    return `postgresql://postgres@localhost/${name}?host=${encodeURIComponent(dir)}`;
  };
  return { createDatabase, stop };
}

/** The server writes its state into the last line of this file. */
function ready(data: string): boolean {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[7]?.trim() === 'ready';
  } catch {
    return false; // not there yet
  }
}

const idOf = (flag: '-u' | '-g') => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
