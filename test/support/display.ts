/** A display without a screen (Xvfb), and hands at its keyboard (xdotool): for what only a browser's own dialogs show. */
import { execFileSync, spawn } from 'node:child_process';
import { stopProcess } from './kennel.ts';

export interface Display {
  /** As programs want it in DISPLAY. */
  name: string;
  /** Presses a key in the window that has the focus, as X names it: `Escape`. */
  press(key: string): void;
  close(): Promise<void>;
}

export async function startDisplay(): Promise<Display> {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.stdio[3]?.once('data', (number) => resolve(`:${String(number).trim()}`));
  child.once('error', reject).once('exit', () => reject(new Error('Xvfb does not start')));
  const name = await promise;
  return {
    name,
    press: (key) => {
      execFileSync('xdotool', ['key', key], { env: { ...process.env, DISPLAY: name } });
    },
    close: async () => void (await stopProcess(child, 'SIGTERM')),
  };
}
