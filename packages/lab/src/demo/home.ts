/** The demo's folder: made anew at each run, and never one that holds something else. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const MARKER = 'kennel-demo';

export class DemoHomeError extends Error {
  override readonly name = 'DemoHomeError';
  readonly code = 'demo-home-in-use';
}

/** @returns the absolute path @throws DemoHomeError where the folder holds something that no demo left there */
export function freshHome(dir: string): string {
  const home = resolve(dir);
  if (existsSync(home) && readdirSync(home).length > 0) {
    if (!existsSync(join(home, MARKER)))
      throw new DemoHomeError(
        `${home} holds something else than a demo. Choose an empty folder with --home DIR.`,
      );
    rmSync(home, { recursive: true });
  }
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(join(home, MARKER), 'A folder of the Kennel demo. It is deleted at the next run.\n');
  return home;
}
