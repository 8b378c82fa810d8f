/** The kerberos package as a stranger gets it: built, packed, installed into an empty folder, and used with this machine's own Node. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const packageDir = join(root, 'packages', 'kerberos');
/** The machine's own programs: without node_modules/.bin, which npm puts first. */
const path = (process.env.PATH ?? '')
  .split(':')
  .filter((folder) => !folder.includes('node_modules'))
  .join(':');
const env = { ...process.env, PATH: path };
const run = (cwd: string, command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd, env, encoding: 'utf8', timeout: 120_000 });

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kennel-package-'));
  execFileSync(process.execPath, [join(packageDir, 'build.ts')], { stdio: 'pipe' });
  run(join(packageDir, 'dist'), 'npm', 'pack', '--pack-destination', dir);
  const tarball = readdirSync(dir).find((name) => name.endsWith('.tgz')) ?? '';
  mkdirSync(join(dir, 'consumer'));
  writeFileSync(join(dir, 'consumer', 'package.json'), '{"private":true,"type":"module"}');
  run(join(dir, 'consumer'), 'npm', 'install', '--offline', '--no-audit', '--no-fund', join(dir, tarball));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the published kerberos package', () => {
  it('has no dependency, its types and licence, and no TypeScript source', () => {
    const installed = join(dir, 'consumer', 'node_modules');
    expect(readdirSync(installed).filter((name) => !name.startsWith('.'))).toEqual(['@kennel']);
    const files = readdirSync(join(installed, '@kennel', 'kerberos'), { recursive: true }).map(String);
    expect(files).toEqual(expect.arrayContaining(['index.js', 'index.d.ts', 'LICENSE', 'README.md']));
    expect(files.filter((name) => /(?<!\.d)\.ts$|\.test\./.test(name))).toEqual([]);
  });

  it("runs the README's first example on this machine's own Node", () => {
    const [example = ''] = /(?<=```js\n)[\s\S]*?(?=```)/.exec(
      readFileSync(join(packageDir, 'README.md'), 'utf8'),
    ) ?? [''];
    expect(example).toContain('mintPartialTgt');
    writeFileSync(join(dir, 'consumer', 'example.js'), `${example}console.log(process.versions.node);\n`);
    const output = run(join(dir, 'consumer'), 'node', 'example.js');
    expect(output).toContain("[ 'alice' ]");
    expect(Number(output.trim().split('\n').at(-1)?.split('.')[0])).toBeGreaterThanOrEqual(20);
  });

  it('has types that a strict consumer compiles against', () => {
    const consumer = join(dir, 'consumer');
    writeFileSync(
      join(consumer, 'use.ts'),
      "import { Key, type Credentials } from '@kennel/kerberos';\nexport const key: Key = Key.random();\nexport const end = (c: Credentials): Date => c.endtime;\n",
    );
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const types = join(root, 'node_modules', '@types');
    execFileSync(
      process.execPath,
      [
        ...[tsc, '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'],
        ...['--typeRoots', types, '--types', 'node', 'use.ts'],
      ],
      { cwd: consumer, stdio: 'pipe' },
    );
  });
});
