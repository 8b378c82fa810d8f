/** A TPM 2.0 in software (swtpm) on a Unix socket: it can be stopped in the middle, started again, and cleared. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface SoftwareTpm {
  /** For TPM2TOOLS_TCTI. */
  tcti: string;
  start(): Promise<void>;
  /** As when it is pulled out: what it has stored stays. */
  stop(): Promise<void>;
  /** As an owner of the machine does: every key under its storage hierarchy is lost. */
  clear(): void;
  close(): Promise<void>;
}

/** A new one, which runs. */
export async function startSwtpm(): Promise<SoftwareTpm> {
  const folder = mkdtempSync(join(tmpdir(), 'kennel-swtpm-'));
  const socket = join(folder, 'tpm.sock');
  const tcti = `swtpm:path=${socket}`;
  let running: ChildProcess | undefined;
  const start = async () => {
    for (const path of [socket, `${socket}.ctrl`]) rmSync(path, { force: true });
    const sockets = ['--server', `type=unixio,path=${socket}`, '--ctrl', `type=unixio,path=${socket}.ctrl`];
    const how = ['--flags', 'not-need-init,startup-clear', '--tpmstate', `dir=${folder}`];
    running = spawn('swtpm', ['socket', '--tpm2', ...how, ...sockets], { stdio: 'ignore' });
    const deadline = Date.now() + 10_000;
    while (!existsSync(socket) || !existsSync(`${socket}.ctrl`)) {
      if (Date.now() > deadline) throw new Error('swtpm did not start');
      await wait(20);
    }
  };
  const stop = async () => {
    const child = running;
    running = undefined;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    tcti,
    start,
    stop,
    clear: () => {
      execFileSync('tpm2_clear', ['-Q', '-c', 'lockout'], { env: { ...process.env, TPM2TOOLS_TCTI: tcti } });
    },
    close: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
