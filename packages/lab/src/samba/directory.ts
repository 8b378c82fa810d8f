/** The domain controller's database, through Samba's ldb tools inside its namespace. */
import { join } from 'node:path';
import { type Entry, parseEntries } from './ldif.ts';
import type { RunOptions, RunResult } from './program.ts';

export interface Directory {
  /** Searches the domain partition; `base` and `scope` narrow it, `attributes` choose. */
  search(query: {
    filter?: string;
    base?: string;
    scope?: 'base' | 'one' | 'sub';
    attributes?: readonly string[];
  }): Promise<Entry[]>;
  /** Adds entries; `controls` as ldb names them, e.g. `rodc_join:1:1`. */
  add(ldif: string, controls?: readonly string[]): Promise<void>;
  /** Applies LDIF changes. */
  modify(ldif: string, controls?: readonly string[]): Promise<void>;
}

type Run = (command: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;

/** The directory whose private folder is `privateDir`, as seen by `run`. */
export function openDirectory(run: Run, privateDir: string): Directory {
  const url = ['-H', join(privateDir, 'sam.ldb')];
  const write = async (tool: string, ldif: string, controls: readonly string[]) => {
    await run(tool, [...url, ...controls.map((control) => `--controls=${control}`)], { input: ldif });
  };
  return {
    async search({ filter = '(objectClass=*)', base, scope = 'sub', attributes = ['*'] }) {
      const where = base === undefined ? [] : ['-b', base];
      const { stdout } = await run('ldbsearch', [...url, ...where, '-s', scope, filter, ...attributes]);
      return parseEntries(stdout);
    },
    add: (ldif, controls = []) => write('ldbadd', ldif, controls),
    modify: (ldif, controls = []) => write('ldbmodify', ldif, controls),
  };
}
