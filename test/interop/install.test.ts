/** The installer of peers: what it says where it cannot install, and that it starts no service where it does. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { forbidServices, installPackages, withCandidate } from '../support/install.ts';

const script = new URL('../support/install.ts', import.meta.url).pathname;
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kennel-install-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

describe('where nothing can be installed', () => {
  /** Without programs on the path, and as nobody where the tests run as root. */
  const run = (ci: string) =>
    spawnSync(process.execPath, [script], {
      env: { PATH: dir, CI: ci },
      encoding: 'utf8',
      ...(process.getuid?.() === 0 && { uid: 65534, gid: 65534 }),
    });

  test('it lists what is missing and what will be skipped', () => {
    const { status, stdout } = run('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/samba is missing \(as root: apt-get install samba-ad-dc .*\)/);
    expect(stdout).toMatch(/tests that need .*smbclient.* will be skipped/);
  });

  test('with CI=true it fails with the list', () => {
    const { status, stderr } = run('true');
    expect(status).toBe(1);
    expect(stderr).toMatch(/missing: .*samba/);
  });
});

describe('the policy against services', () => {
  const policy = () => join(dir, 'policy-rc.d');

  test('is gone afterwards', () => {
    const restore = forbidServices(policy());
    expect(spawnSync(policy()).status).toBe(101);
    restore();
    expect(existsSync(policy())).toBe(false);
  });

  test("gives the machine's own back, even one that a killed run left aside", () => {
    writeFileSync(policy(), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    forbidServices(policy()); // killed: never restored
    forbidServices(policy())();
    expect(readFileSync(policy(), 'utf8')).toBe('#!/bin/sh\nexit 0\n');
    rmSync(policy());
    symlinkSync(join(dir, 'nowhere'), policy());
    forbidServices(policy())();
    expect(readlinkSync(policy())).toBe(join(dir, 'nowhere'));
    expect(readdirSync(dir)).toEqual(['policy-rc.d']);
  });
});

describe('an installation', () => {
  const policy = () => join(dir, 'policy-rc.d');
  const program = (name: string, text: string) => {
    mkdirSync(join(dir, 'bin'), { recursive: true });
    writeFileSync(join(dir, 'bin', name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(dir, 'bin', name), 0o755);
    vi.stubEnv('PATH', `${join(dir, 'bin')}:/usr/bin:/bin`);
  };

  test('asks nothing, starts nothing, and installs what the system knows', async () => {
    program(
      'apt-get',
      `read -r answer && exit 9
      if [ "$1" = install ]; then ${policy()}; echo "$? $DEBIAN_FRONTEND $*" > ${dir}/seen; fi`,
    );
    program('apt-cache', "printf 'one:\\n  Installed: (none)\\n  Candidate: 1\\n  Version table:\\n'");
    expect(await installPackages(['one', 'two'], policy())).toBe('this system has no package two');
    const seen = readFileSync(join(dir, 'seen'), 'utf8');
    expect(seen).toMatch(/^101 noninteractive install .*--no-install-recommends.* one\n$/);
    expect(existsSync(policy())).toBe(false);
  });

  test('says what apt-get said, and restores the policy all the same', async () => {
    program('apt-get', 'echo "E: no network" >&2; exit 100');
    program('apt-cache', ':');
    expect(await installPackages(['one'], policy())).toMatch(/E: no network/);
    expect(existsSync(policy())).toBe(false);
  });
});

test('reads which packages have a candidate', () => {
  const printed = [
    'samba:\n  Installed: (none)\n  Candidate: 2:4.17.12\n  Version table:\n     2:4.17.12 500\n',
    'samba-ad-provision:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n',
    'curl:\n  Installed: 7.88\n  Candidate: 7.88\n  Version table:\n',
  ].join('');
  expect(withCandidate(printed)).toEqual(['samba', 'curl']);
});
