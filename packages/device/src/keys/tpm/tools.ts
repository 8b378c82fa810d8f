/**
 * The TPM 2.0 of this machine, through tpm2-tools: one program a command, in a folder of its own for what they hand
 * to each other. No shell; time and output are bounded. What is secret is inside the TPM, or wrapped by it.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { DeviceError } from '../../errors/device-error.ts';

/** As tpm2-tools name it: `device:/dev/tpmrm0`, `swtpm:path=/run/swtpm.sock`. */
export type Tcti = string;

/** The kernel's TPM with its resource manager. */
const DEVICE = '/dev/tpmrm0';
/** Making an RSA key takes a TPM of flesh and blood up to half a minute. */
const TIMEOUT_MS = 90_000;
const LARGEST_OUTPUT = 64 * 1024;
const PROGRAMS = ['createprimary', 'create', 'load', 'sign', 'rsadecrypt', 'readpublic', 'flushcontext'];

/** The TPM that TPM2TOOLS_TCTI names, else the machine's; undefined where there is none that this process may use. */
export function findTpm(env: NodeJS.ProcessEnv = process.env): Tcti | undefined {
  const tcti = env.TPM2TOOLS_TCTI ?? (usable(DEVICE) ? `device:${DEVICE}` : undefined);
  const installed = PROGRAMS.every((name) =>
    (env.PATH ?? '')
      .split(delimiter)
      .some((folder) => folder !== '' && executable(join(folder, `tpm2_${name}`))),
  );
  return installed ? tcti : undefined;
}

const may = (path: string, mode: number) => {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
};
const usable = (path: string) => may(path, constants.R_OK | constants.W_OK);
const executable = (path: string) => may(path, constants.X_OK);

/** A program failed; `reply` is what it said. */
export class TpmToolError extends Error {
  readonly program: string;
  readonly reply: string;

  constructor(program: string, reply: string) {
    super(`${program}: ${reply}`);
    this.program = program;
    this.reply = reply;
  }
}

export interface TpmSession {
  /** Runs `tpm2_<program>` in the folder. @returns what it printed @throws TpmToolError; DeviceError `tpm-unreachable` */
  run(program: string, ...args: string[]): Promise<Buffer>;
  read(name: string): Buffer;
  write(name: string, bytes: Uint8Array): void;
}

let last: Promise<unknown> = Promise.resolve();

/** Work at the TPM, one piece after the other: it has room for three objects. */
export function withTpm<T>(tcti: Tcti, use: (session: TpmSession) => Promise<T>): Promise<T> {
  const next = last.then(() => session(tcti, use));
  last = next.catch(() => undefined); // told to whoever asked for it
  return next;
}

async function session<T>(tcti: Tcti, use: (session: TpmSession) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kennel-tpm-')); // 0700
  // A resource manager takes away what a program leaves; without one this is ours to do.
  const managed = tcti.startsWith(`device:${DEVICE}`) || tcti.startsWith('tabrmd');
  const run = async (program: string, ...args: string[]) => {
    const printed = await execute(tcti, folder, `tpm2_${program}`, args);
    if (!managed) await execute(tcti, folder, 'tpm2_flushcontext', ['--transient-object']);
    return printed;
  };
  try {
    return await use({
      run,
      read: (name) => readFileSync(join(folder, name)),
      write: (name, bytes) => writeFileSync(join(folder, name), bytes, { mode: 0o600 }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function execute(tcti: Tcti, cwd: string, program: string, args: string[]): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const env = { PATH: process.env.PATH, TPM2TOOLS_TCTI: tcti, TSS2_LOG: 'all+none', LC_ALL: 'C' };
  const limits = { timeout: TIMEOUT_MS, maxBuffer: LARGEST_OUTPUT, killSignal: 'SIGKILL' } as const;
  const encoding = 'buffer' as const;
  execFile(program, args, { cwd, env, encoding, ...limits }, (error, stdout, stderr) => {
    if (error === null) return resolve(stdout);
    const reply = stderr.toString('utf8').trim().slice(0, 1000); // what it printed may be secret
    const away = error.killed === true || typeof error.code === 'string' || isAway(reply);
    if (!away) return reject(new TpmToolError(program, reply));
    const details = { program, reply, cause: error.message };
    reject(new DeviceError('tpm-unreachable', { about: tcti, details }));
  });
  return promise;
}

/** The way to the TPM failed, not the TPM: error codes of that layer begin with A ([TSS 2.0 overview] 4.1). */
const isAway = (reply: string) => /could not load tcti/i.test(reply) || /\b0xA[0-9A-F]{4}\b/i.test(reply);
