/** Runs the command as a person does: a process of its own, through the file that npx starts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The file that npx starts. */
export const KENNEL = fileURLToPath(new URL('../../packages/cli/bin/kennel.mjs', import.meta.url));

export interface KennelResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** Standard output as JSON, line by line; empty where it is none. */
  json: Record<string, unknown>[];
}

/** Starts `kennel` and does not wait. */
export function startKennel(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [KENNEL, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs `kennel` to its end. */
export async function kennel(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<KennelResult> {
  const child = startKennel(args, env);
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  child.on('close', resolve);
  const exitCode = await promise;
  return { exitCode, stdout, stderr, json: jsonLines(stdout) };
}

/** Each line of a text that is a JSON object. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{') || line.startsWith('['))
    .map((line) => JSON.parse(line));
}

/** Ends a process that a test started, and waits for it. @returns its exit code */
export async function stopProcess(
  child: ChildProcess,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('exit', resolve);
  child.kill(signal);
  return promise;
}
