/** A domain's directory as it was before its server started first, kept in a folder so that the next start is quick. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export interface Kept {
  /** Of the domain that was made: it stands in the directory, and in its DNS. */
  adminPassword: string;
  address: string;
}

const FACTS = 'domain.json';
const FOLDER = 'lib';

/** Puts the kept folder into the domain's work folder. @returns undefined where nothing is kept */
export function restoreKept(folder: string, workDir: string): Kept | undefined {
  const facts = join(folder, FACTS);
  if (!existsSync(facts)) return undefined;
  cpSync(join(folder, FOLDER), join(workDir, FOLDER), { recursive: true });
  return JSON.parse(readFileSync(facts, 'utf8')) as Kept; // keepDomain wrote it
}

/** Keeps it: whole or not at all, and once. Readable by its owner alone, as it holds the domain's keys. */
export function keepDomain(folder: string, workDir: string, kept: Kept): void {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  const fresh = mkdtempSync(`${folder}.new-`); // 0700
  cpSync(join(workDir, FOLDER), join(fresh, FOLDER), { recursive: true });
  writeFileSync(join(fresh, FACTS), JSON.stringify(kept), { mode: 0o600 });
  try {
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true });
    if (!existsSync(join(folder, FACTS))) throw error; // else somebody kept the same meanwhile
  }
}
