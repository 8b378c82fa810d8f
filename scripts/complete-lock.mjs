/**
 * Completes package-lock.json after `npm install` (`npm run lock`). A registry mirror may lack the binary packages
 * of other platforms; npm then leaves them out of the lock, and `npm ci` refuses it everywhere. This writes their
 * entries from what the packages themselves ask for: name, exact version, and the platform that the name tells.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const OS = /(?:^|-)(android|darwin|freebsd|linux|openharmony|win32)(?:-|$)/;
const CPU = /(?:^|-)(arm64|arm|ia32|x64|ppc64|riscv64|s390x)(?:-|$)/;

/** The platform fields of an entry, from a name such as `@scope/tool-linux-x64-musl`. */
function platform(name) {
  const [, os] = OS.exec(name) ?? [];
  const [, cpu] = CPU.exec(name) ?? [];
  if (!os || !cpu) return undefined;
  const libc = os !== 'linux' ? undefined : name.includes('musl') ? 'musl' : 'glibc';
  return { cpu: [cpu], ...(libc ? { libc: [libc] } : {}), os: [os] };
}

const added = [];
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const nested = `${path}/node_modules/${name}`;
    const hoisted = `node_modules/${name}`;
    if (path === '' || lock.packages[nested] || lock.packages[hoisted] || !/^\d/.test(version)) continue;
    const fields = platform(name);
    if (!fields) continue;
    lock.packages[hoisted] = { version, ...(dev ? { dev } : {}), optional: true, ...fields };
    added.push(name);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? 'The lock is complete.' : `Added ${added.length}: ${added.join(', ')}`);
