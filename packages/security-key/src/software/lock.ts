/** One process at a time serves a state file: a lock file beside it names the process. */
import { linkSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SecurityKeyError } from '../error.ts';

const heldHere = new Set<string>();

/**
 * Take the lock of a state file; returns what gives it back. A lock whose process is gone is taken over.
 * Throws `state-in-use`.
 */
export function lockState(statePath: string): () => void {
  const path = `${resolve(statePath)}.lock`;
  if (heldHere.has(path) || !(create(path) || (removeStale(path) && create(path)))) {
    throw new SecurityKeyError(
      'state-in-use',
      `Another process serves this software key; stop it first, or remove ${path} if none runs.`,
      { path },
    );
  }
  heldHere.add(path);
  return () => {
    if (heldHere.delete(path)) rmSync(path, { force: true }); // its directory may be gone by now
  };
}

function create(path: string): boolean {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, String(process.pid), { mode: 0o600 });
    try {
      linkSync(temporary, path); // all at once: nobody reads a lock without its process
      return true;
    } finally {
      unlinkSync(temporary);
    }
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new SecurityKeyError(
      'state-unwritable',
      `The software key cannot write ${path}; check that the directory exists and its permissions.`,
      { path },
      error,
    );
  }
}

/** Whether the lock's process was gone, and the lock is removed. */
function removeStale(path: string): boolean {
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
  if (pid !== process.pid && isRunning(pid)) return false;
  unlinkSync(path);
  return true;
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined);
