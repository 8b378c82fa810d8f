/**
 * Brings the peers that the interop tests need (`npm test` runs this first). As root on Debian or Ubuntu it
 * installs what is missing and starts no service; elsewhere it says what will be skipped. With CI=true a peer
 * that is still missing is a failure. With --full also those that only `npm run test:full` needs.
 */
import { spawn } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { FULL_ONLY, missing, PEERS, type Peer } from './peers.ts';

const LIMIT_SECONDS = 540;
/** invoke-rc.d and deb-systemd-invoke ask this program; 101 means that the action is forbidden. */
const POLICY_PATH = '/usr/sbin/policy-rc.d';
const POLICY = '#!/bin/sh\n# Kennel is installing test programs: none of their services starts.\nexit 101\n';
const UNIT_FOLDERS = ['/lib/systemd/system', '/usr/lib/systemd/system'];

/** Runs a program without input; `output` is what it printed. */
function run(
  command: string,
  args: readonly string[],
  seconds: number,
): Promise<{ ok: boolean; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ ok: boolean; output: string }>();
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: seconds * 1000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l', LC_ALL: 'C' },
  });
  let output = '';
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  child.on('error', (error) => resolve({ ok: false, output: String(error) }));
  child.on('close', (status, signal) => {
    resolve({ ok: status === 0, output: signal ? `${output}\nended by ${signal}` : output });
  });
  return promise;
}

const present = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Puts our policy in place, the machine's own aside; the answer undoes it. A run that was killed is tidied too. */
export function forbidServices(path = POLICY_PATH): () => void {
  const aside = `${path}.kennel-saved`;
  const ours = () => existsSync(path) && readFileSync(path, 'utf8') === POLICY;
  const restore = () => {
    if (ours()) rmSync(path);
    if (present(aside)) renameSync(aside, path);
  };
  restore();
  if (present(path)) renameSync(path, aside);
  writeFileSync(path, POLICY, { mode: 0o755 });
  return restore;
}

const units = () =>
  new Set(UNIT_FOLDERS.filter((path) => existsSync(path)).flatMap((path) => readdirSync(path)));

/** The names that this system's package lists know: a release may lack one that another needs. */
export function withCandidate(policyOutput: string): string[] {
  return [...policyOutput.matchAll(/^(\S+):\n {2}Installed: .*\n {2}Candidate: (.*)$/gm)].flatMap(
    ([, name = '', candidate]) => (candidate === '(none)' ? [] : name),
  );
}

/**
 * Installs packages without a question and without starting a service, now or at the next boot.
 *
 * @returns what went wrong, or undefined; a package that this release lacks may not be needed on it
 */
export async function installPackages(
  packages: readonly string[],
  policyPath = POLICY_PATH,
): Promise<string | undefined> {
  const deadline = Date.now() + LIMIT_SECONDS * 1000;
  const left = () => Math.max(1, (deadline - Date.now()) / 1000);
  const before = units();
  const restore = forbidServices(policyPath);
  const stop = () => {
    restore();
    process.exit(130);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const update = await run('apt-get', ['update', '-q'], left());
    const known = withCandidate((await run('apt-cache', ['policy', ...packages], left())).output);
    const options = [
      'Dpkg::Options::=--force-confdef',
      'Dpkg::Options::=--force-confold',
      'DPkg::Lock::Timeout=120',
    ];
    const flags = ['-y', '-q', '--no-install-recommends', ...options.flatMap((option) => ['-o', option])];
    const install = await run('apt-get', ['install', ...flags, ...known], left());
    const added = [...units()].filter((unit) => /^[^@]+\.(service|timer)$/.test(unit) && !before.has(unit));
    if (added.length > 0) await run('systemctl', ['disable', '--quiet', ...added], left());
    const unknown = packages.filter((name) => !known.includes(name));
    const problems = [
      ...(update.ok ? [] : [update.output]),
      ...(unknown.length === 0 ? [] : [`this system has no package ${unknown.join(', ')}`]),
      ...(install.ok ? [] : [install.output]),
    ];
    return problems.length === 0 ? undefined : problems.join('\n').trim().slice(-3000);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    restore();
  }
}

function canInstall(): boolean {
  const path = '/etc/os-release';
  const debian = existsSync(path) && /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync(path, 'utf8'));
  return debian && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

async function main(isFull: boolean): Promise<number> {
  const known = Object.keys(PEERS) as Peer[]; // the keys of a constant are its own
  const all = known.filter((peer) => isFull || !FULL_ONLY.includes(peer));
  let absent = missing(all);
  if (absent.length === 0) {
    console.log(`peers: all present (${all.join(', ')})`);
    return 0;
  }
  const packagesOf = (peers: readonly Peer[]) => peers.flatMap((peer) => [...PEERS[peer].packages]);
  if (canInstall()) {
    console.log(`peers: installing ${absent.join(', ')} (some minutes; no service is started)`);
    const problem = await installPackages(packagesOf(absent));
    if (problem) console.error(`peers: apt-get could not install everything:\n${problem}`);
    absent = missing(all);
    if (absent.length === 0) console.log('peers: all present now');
  }
  for (const peer of absent) {
    console.log(`peers: ${peer} is missing (as root: apt-get install ${PEERS[peer].packages.join(' ')})`);
  }
  if (absent.length === 0) return 0;
  if (process.env.CI === 'true') {
    console.error(`peers: with CI=true nothing may be skipped; missing: ${absent.join(', ')}`);
    return 1;
  }
  console.log(`peers: the tests that need ${absent.join(', ')} will be skipped`);
  return 0;
}

// Not exitCode: the time limit of a program that could not be started (no systemctl) would keep the process for minutes.
if (import.meta.main) process.exit(await main(process.argv.includes('--full')));
