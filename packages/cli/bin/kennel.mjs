#!/usr/bin/env node
/**
 * Starts kennel on Node 24 or newer: this process's own, or the one that the workspace installed beside it
 * (node_modules/.bin/node), so that the command works whatever Node the machine has.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;
const main = new URL('../src/main.ts', import.meta.url);

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  await import(main.href);
} else {
  const beside = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url));
  if (!existsSync(beside)) {
    console.error(
      `kennel needs Node ${NEEDED}; this is ${process.version}. Run npm ci in its folder, or install Node ${NEEDED}.`,
    );
    process.exit(1);
  }
  const child = spawn(beside, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
}
