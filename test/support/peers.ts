/**
 * Which real peers (programs that we did not write) this machine has. A test names what it needs; where a
 * peer is missing the test says so and is skipped, and with CI=true it fails instead.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'vitest';

export const chromiumPath = () =>
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

export const firefoxPath = () => ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(existsSync);

const postgresBin = () =>
  ['15', '16', '17', '18'].map((v) => `/usr/lib/postgresql/${v}/bin/initdb`).find(existsSync);
const onPath = (program: string) => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const python = (module: string) => {
  try {
    execFileSync('/usr/bin/python3', ['-c', `import ${module}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** Every peer, how to see that it is there, and the Debian packages that bring it. */
export const PEERS = {
  samba: {
    present: () =>
      onPath('samba') &&
      onPath('samba-tool') &&
      python('samba') &&
      existsSync('/usr/share/samba/setup/provision.ldif'),
    packages: [
      'samba-ad-dc',
      'samba-ad-provision',
      'samba-dsdb-modules',
      'samba-vfs-modules',
      'winbind',
      'python3-samba',
      'ldb-tools',
    ],
  },
  namespaces: {
    present: () => process.getuid?.() === 0 && onPath('unshare') && onPath('nsenter') && onPath('ip'),
    packages: ['util-linux', 'iproute2'],
  },
  smbclient: { present: () => onPath('smbclient'), packages: ['smbclient'] },
  mit: { present: () => onPath('kinit') && onPath('kvno'), packages: ['krb5-user', 'krb5-k5tls'] },
  mitKdc: {
    present: () => onPath('krb5kdc') && onPath('kadmin.local') && onPath('kdb5_util'),
    packages: ['krb5-kdc', 'krb5-admin-server'],
  },
  gssapi: { present: () => python('gssapi'), packages: ['python3-gssapi'] },
  curl: { present: () => onPath('curl'), packages: ['curl'] },
  fido2: { present: () => python('fido2'), packages: ['python3-fido2'] },
  fido2Tools: { present: () => onPath('fido2-token'), packages: ['fido2-tools'] },
  compiler: { present: () => onPath('cc'), packages: ['gcc', 'libc6-dev'] },
  pam: {
    present: () =>
      process.getuid?.() === 0 &&
      onPath('pamtester') &&
      onPath('make') &&
      onPath('gcc') &&
      onPath('useradd') &&
      existsSync('/usr/include/security/pam_modules.h'),
    packages: ['pamtester', 'libpam0g-dev', 'gcc', 'libc6-dev', 'make', 'passwd'],
  },
  impacket: { present: () => python('impacket'), packages: ['python3-impacket'] },
  postgresql: { present: () => postgresBin() !== undefined, packages: ['postgresql'] },
  faketime: { present: () => onPath('faketime'), packages: ['faketime'] },
  chromium: {
    present: () => chromiumPath() !== undefined,
    packages: ['chromium', 'fonts-liberation'],
  },
  firefox: { present: () => firefoxPath() !== undefined, packages: ['firefox-esr'] },
  display: { present: () => onPath('Xvfb') && onPath('xdotool'), packages: ['xvfb', 'xdotool'] },
  smtp: { present: () => python('aiosmtpd'), packages: ['python3-aiosmtpd'] },
  swtpm: {
    present: () => onPath('swtpm') && onPath('tpm2_createprimary'),
    packages: ['swtpm', 'tpm2-tools', 'libtss2-tcti-swtpm0'],
  },
  openssl: { present: () => onPath('openssl'), packages: ['openssl'] },
} as const;

export type Peer = keyof typeof PEERS;

/** Those that only `npm run test:full` asks for: too large to be brought for every run of `npm test`. */
export const FULL_ONLY: readonly Peer[] = ['firefox'];

/** The peers of the list that this machine lacks. */
export function missing(peers: readonly Peer[]): Peer[] {
  return peers.filter((peer) => !PEERS[peer].present());
}

/**
 * `test` where the peers are present; elsewhere a test that fails (CI=true) or is skipped, saying what to install.
 *
 * @example describe('share', () => { const it = withPeers('samba', 'smbclient'); it('opens', ...) })
 */
export function withPeers(...peers: Peer[]): typeof test {
  const absent = missing(peers);
  if (absent.length === 0) return test;
  const packages = absent.flatMap((peer) => PEERS[peer].packages).join(' ');
  const reason = `missing ${absent.join(', ')}: apt-get install ${packages} (and run as root)`;
  if (process.env.CI === 'true') {
    test(`needs ${absent.join(', ')}`, () => {
      throw new Error(reason);
    });
  } else {
    console.warn(`skipped: ${reason}`);
  }
  return test.skip as unknown as typeof test; // `skip` takes the same arguments; only its type is narrower
}
