/** Debian's libfido2 tools with software keys plugged in as if on USB: see interop/peers/usb_key.c. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = join(import.meta.dirname, '../interop/peers/usb_key.c');

/** Compiles the part that stands in for USB into a directory; gives its path. */
export function compileUsbKey(directory: string): string {
  const library = join(directory, 'usb_key.so');
  execFileSync('cc', [
    '-Wall',
    '-Wextra',
    '-Werror',
    '-O2',
    '-shared',
    '-fPIC',
    '-o',
    library,
    SOURCE,
    '-ldl',
  ]);
  return library;
}

/** A directory with the real tools, which see the keys at these sockets. */
export function toolsWithKeys(directory: string, library: string, sockets: readonly string[]): string {
  mkdirSync(directory, { recursive: true });
  const made = mkdtempSync(join(directory, 'tools-'));
  for (const tool of ['fido2-token', 'fido2-cred', 'fido2-assert']) {
    const real = execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
    const path = join(made, tool);
    const env = `KENNEL_TEST_KEYS='${sockets.join(':')}' LD_PRELOAD='${library}'`;
    writeFileSync(path, `#!/bin/sh\n${env} exec '${real}' "$@"\n`);
    chmodSync(path, 0o755);
  }
  return made;
}
