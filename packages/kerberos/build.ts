/** Builds `dist/`, the package as it is published: JavaScript with declarations, its own package.json, README and LICENSE. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const packageDir = import.meta.dirname;
const dist = join(packageDir, 'dist');
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [tsc, '--project', join(packageDir, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
const { name, version, description, license } = JSON.parse(
  readFileSync(join(packageDir, 'package.json'), 'utf8'),
);
const published = {
  name,
  version,
  description,
  keywords: ['kerberos', 'pac', 'active-directory', 'spnego', 'ccache', 'keytab'],
  license,
  type: 'module',
  sideEffects: false,
  engines: { node: '>=20' },
  exports: { '.': { types: './index.d.ts', default: './index.js' } },
};
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
copyFileSync(join(packageDir, 'README.md'), join(dist, 'README.md'));
copyFileSync(join(packageDir, '..', '..', 'LICENSE'), join(dist, 'LICENSE'));
