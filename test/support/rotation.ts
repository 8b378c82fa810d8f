/** Two controllers, a tenant, and people who sign in without a pause while something is done to the key. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { joinDevice, signIn } from '@kennel/device';
import type { AddedController, SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { enrolUser, type ScriptedUser } from '../../packages/lab/src/scripted-user.ts';
import { KENNEL, type KennelResult, kennel } from './kennel.ts';
import { type LabTenant, startLabTenant } from './lab-tenant.ts';
import { startTestDomain } from './samba.ts';

export interface RotationLab {
  domain: SambaDomain;
  dc2: AddedController;
  tenant: LabTenant;
  alice: ScriptedUser;
  /** A command of kerberos-server in the domain, with the administrator's credential. */
  command(...args: string[]): Promise<KennelResult>;
  /** The same, killed when it prints its nth line of progress (from 0), or after so many milliseconds. */
  killed(at: { line: number } | { milliseconds: number }, ...args: string[]): Promise<string[]>;
  /** Signs alice in, at one controller and the other in turn, until stopped; then says how each went. */
  keepSigningIn(): {
    /** Until a sign-in that began from now on has ended, at each of the two. */
    atBoth(): Promise<void>;
    stop(): Promise<{ dc: string; state: string }[]>;
  };
  stop(): Promise<void>;
}

export async function startRotationLab(): Promise<RotationLab> {
  const domain = await startTestDomain({ users: [{ name: 'alice' }] });
  const dc2 = await domain.addController('dc2');
  const tenant = await startLabTenant();
  const passwordFile = join(tenant.home, 'password');
  writeFileSync(passwordFile, `${domain.adminPassword}\n`, { mode: 0o600 });
  const env = { KENNEL_HOME: tenant.home };
  const complete = (args: readonly string[]) => [
    'kerberos-server',
    ...args,
    ...['--domain', 'corp.example.com', '--domain-credential', 'Administrator@corp.example.com'],
    ...['--password-file', passwordFile, '--dns', domain.address, '--json'],
  ];
  const alice = await enrolUser({
    admin: tenant.admin,
    home: tenant.home,
    name: 'alice',
    sid: await domain.sidOf('alice'),
    dnsDomainName: 'corp.example.com',
  });
  const stateDir = join(tenant.home, 'device');
  await joinDevice({ stateDir, tenantUrl: tenant.url, caFile: tenant.ca, key: alice.key, pin: alice.pin });

  return {
    ...{ domain, dc2, tenant, alice },
    command: (...args) => kennel(complete(args), env),
    killed: (at, ...args) => killedAt(at, complete(args), env),
    keepSigningIn: () => {
      const went: { dc: string; state: string }[] = [];
      let on = true;
      const loop = (async () => {
        for (let turn = 0; on; turn++) {
          const { address, fqdn } = turn % 2 === 0 ? domain : dc2;
          const { ticket } = await signIn({
            ...{ stateDir, key: alice.key, pin: alice.pin, ccache: join(tenant.home, 'alice.ccache') },
            kdc: { host: address, port: 88 },
          });
          went.push({ dc: fqdn, state: ticket.state === 'none' ? ticket.code : ticket.state });
        }
      })();
      return {
        atBoth: async () => {
          const before = went.length; // the one that is under way began earlier
          while (went.length < before + 3) await Promise.race([loop, wait(100)]);
        },
        stop: async () => {
          on = false;
          await loop;
          return went;
        },
      };
    },
    stop: async () => {
      await alice.unplug();
      await tenant.close();
      await domain.stop();
    },
  };
}

/** @returns the lines that it printed before it was killed, or all where it was done earlier */
async function killedAt(
  at: { line: number } | { milliseconds: number },
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string[]> {
  // Not through the launcher: the process that is killed must be the one that works.
  const main = KENNEL.replace('bin/kennel.mjs', 'src/main.ts');
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  const lines = () => text.split('\n').slice(0, -1);
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if ('line' in at && lines().length > at.line) child.kill('SIGKILL');
  });
  const timer = 'milliseconds' in at ? setTimeout(() => child.kill('SIGKILL'), at.milliseconds) : undefined;
  await new Promise((done) => child.on('close', done));
  clearTimeout(timer);
  return lines();
}
