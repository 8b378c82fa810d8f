/** Runs a program to its end, with a time limit and its output in the error. */
import { spawn } from 'node:child_process';
import { SambaError } from './errors.ts';

export interface RunOptions {
  /** Written to standard input, which is empty otherwise: no program can wait for an answer. */
  input?: string;
  /** Replaces the variables of this process. */
  env?: NodeJS.ProcessEnv;
  /** Seconds until the program is killed; 60 unless told. */
  timeoutSeconds?: number;
}

export interface RunResult {
  stdout: string;
  stderr: string;
}

/**
 * Runs `command` and waits for it.
 *
 * @throws SambaError program-missing; program-failed, with exitCode, stdout and stderr in its details
 */
export function runProgram(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
  const child = spawn(command, args, {
    env: options.env ?? process.env,
    stdio: 'pipe',
    timeout: (options.timeoutSeconds ?? 60) * 1000,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  child.stdin.on('error', () => undefined); // a program that ends early closes its input; its status tells
  child.stdin.end(options.input ?? '');
  child.on('error', (error) => {
    reject(
      new SambaError('program-missing', `${command} could not be started; install it.`, { cause: error }),
    );
  });
  child.on('close', (exitCode, signal) => {
    if (exitCode === 0) return resolve(output);
    const shown = [command, ...args].join(' ').slice(0, 200);
    const how = signal ? `was ended by ${signal}` : `failed with status ${exitCode}`;
    const message = `${shown} ${how}: ${(output.stderr || output.stdout).trim().slice(-2000)}`;
    reject(new SambaError('program-failed', message, { exitCode, signal, ...output }));
  });
  return promise;
}
