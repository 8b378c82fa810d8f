/** PAM for a test: the module built, a local user, and a file of services of its own, all gone afterwards. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('../../pam', import.meta.url));

const PIN_PROMPT = 'PIN of your security key: ';

export interface PamRun {
  exitCode: number | null;
  /** What pamtester and the modules printed. */
  output: string;
  /** The environment that the session's programs would have, where it came as far. */
  environment: string;
}

export interface Pam {
  /** Of the local user, whose home is `home`. */
  user: string;
  uid: number;
  home: string;
  /**
   * Runs pamtester: operations as `authenticate`, `setcred`, `open_session`.
   *
   * @param answers what is typed, a line each
   */
  test(operations: readonly string[], answers?: string, user?: string): Promise<PamRun>;
  /**
   * Runs the system's own `su` to the user, at a terminal, with this service in the place of its own: in a mount
   * namespace, so that the machine's /etc/pam.d stays as it is.
   *
   * @param command what the user's shell runs
   * @param pin typed once it is asked for
   */
  su(command: string, pin: string): Promise<Pick<PamRun, 'exitCode' | 'output'>>;
  close(): Promise<void>;
}

/** @param socket where the module finds the agent */
export async function setUpPam(socket: string): Promise<Pam> {
  const id = randomBytes(4).toString('hex');
  const directory = mkdtempSync(join(tmpdir(), 'kennel-pam-'));
  chmodSync(directory, 0o755);
  const [service, user] = [`kennel-test-${id}`, `kennel-${id}`];
  const file = join('/etc/pam.d', service);
  const printed = join(directory, 'environment');
  const home = join(directory, 'home');
  await run('make', ['-s', '-C', SOURCE, `BUILD=${directory}`]);
  const printer = join(directory, 'print-environment');
  writeFileSync(printer, `#!/bin/sh\nenv > ${printed}\n`, { mode: 0o755 });
  const module = `${join(directory, 'pam_kennel.so')} socket=${socket}`;
  await run('useradd', ['--create-home', '--home-dir', home, '--shell', '/bin/sh', user]);
  // As docs/linux-sign-in.md has it; who is ignored meets a module that refuses, and one that was asked would print.
  writeFileSync(
    file,
    [
      `auth [success=done ignore=ignore authinfo_unavail=ignore default=die] ${module}`,
      'auth required pam_deny.so',
      `account required pam_permit.so`,
      `session optional ${module}`,
      `session optional pam_exec.so ${printer}`,
      '',
    ].join('\n'),
  );
  const { stdout } = await run('id', ['-u', user]);
  return {
    user,
    uid: Number(stdout),
    home,
    test: async (operations, answers = '', who = user) => {
      rmSync(printed, { force: true });
      const child = spawn('pamtester', [service, who, ...operations], { stdio: ['pipe', 'pipe', 'pipe'] });
      const { promise, resolve } = Promise.withResolvers<number | null>();
      let output = '';
      for (const pipe of [child.stdout, child.stderr]) {
        pipe.on('data', (chunk: Buffer) => {
          output += chunk.toString('utf8');
        });
      }
      child.stdin.on('error', () => undefined); // it may end without having read
      child.stdin.end(answers);
      child.on('close', resolve);
      const exitCode = await promise;
      return { exitCode, output, environment: readIfThere(printed) };
    },
    su: async (command, pin) => {
      const inside = 'mount --bind "$1" /etc/pam.d/su && exec script -qec "$2" /dev/null';
      const line = `su ${user} -c '${command}'`;
      const child = spawn('unshare', ['--mount', 'sh', '-c', inside, 'sh', file, line], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const { promise, resolve } = Promise.withResolvers<number | null>();
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        const asked = output.includes(PIN_PROMPT);
        output += chunk.toString('utf8');
        if (!asked && output.includes(PIN_PROMPT)) child.stdin.write(`${pin}\n`);
      });
      child.stdin.on('error', () => undefined); // it may end without having read
      child.on('close', resolve);
      return { exitCode: await promise, output };
    },
    close: async () => {
      rmSync(file, { force: true });
      await run('userdel', [user]).catch(() => undefined); // what could not be made need not go
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
