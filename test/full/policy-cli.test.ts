/** Groups, policy, metadata and reports from the command line; the policy decides at the next sign-in. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SOFTWARE_KEY_AAGUID } from '@kennel/security-key';
import { afterAll, describe, expect, it } from 'vitest';
import { kennel, startKennel, stopProcess } from '../support/kennel.ts';

const home = mkdtempSync(join(tmpdir(), 'kennel-policy-'));
const env = { KENNEL_HOME: home };
const pin = ['--pin-file', join(home, 'pin')];
const running: ChildProcess[] = [];

/** Runs a command that must end with `exitCode`, and gives its text and JSON. */
async function run(exitCode: number, ...args: string[]) {
  const result = await kennel(args, env);
  expect(result, result.stdout + result.stderr).toMatchObject({ exitCode });
  return result;
}
async function untilUp(...args: string[]): Promise<void> {
  const deadline = Date.now() + 20_000;
  while ((await kennel(args, env)).exitCode !== 0)
    if (Date.now() > deadline) throw new Error(`${args.join(' ')} did not come up`);
}

afterAll(async () => {
  for (const child of running) await stopProcess(child);
  rmSync(home, { recursive: true });
});

describe('kennel group, policy, metadata, report', () => {
  it('gives a group a policy of its own, and explains it', async () => {
    writeFileSync(join(home, 'pin'), '271828\n');
    await run(0, 'init', '--host-name', 'localhost', '--listen', '127.0.0.1:0', '--lab');
    running.push(startKennel(['serve'], env), startKennel(['software-key', 'serve'], env));
    await untilUp('status');
    await untilUp('key', 'info');
    await run(0, 'key', 'set-pin', ...pin);
    for (const user of ['alice', 'bob']) await run(0, 'user', 'create', `${user}@corp.example.com`);
    await run(0, 'group', 'create', 'Finance, North');
    await run(0, 'group', 'create', 'Board');
    await run(0, 'group', 'add', 'Finance, North', 'alice');
    expect((await run(0, 'group', 'members', 'Finance, North')).stdout).toContain('alice@corp.example.com');
    await run(0, 'policy', 'set', 'Board', '--attestation', 'required');
    await run(
      0,
      'policy',
      'set',
      'Finance, North',
      '--block',
      SOFTWARE_KEY_AAGUID,
      '--counter-regression',
      'log',
    );
    expect((await run(0, 'policy', 'order', 'Finance, North', 'Board')).stdout).toContain(
      'Finance, North, Board, default',
    );
    expect((await run(0, 'policy', 'explain', 'alice')).stdout).toMatch(
      /group : Finance, North[\s\S]*models : block d93bff66/,
    );
    expect((await run(0, 'policy', 'explain', 'bob')).stdout).toMatch(/group : default[\s\S]*models : any/);
  });

  it('says who may join devices, and cleans up those that nobody uses', async () => {
    const policy = async (...args: string[]) => (await run(0, 'policy', 'device', ...args)).stdout;
    expect(await policy()).toMatch(/who may join : everyone[\s\S]*: 50[\s\S]*security key : required/);
    const changed = await policy('--join-groups', 'Finance, North', 'Board', '--devices-per-user', '3');
    expect(changed).toMatch(/who may join : Finance, North, Board\n[\s\S]*: 3\n/);
    await run(2, 'policy', 'device', '--join', 'somebody');
    await run(0, 'policy', 'device', '--join', 'everyone');
    expect((await run(0, 'device', 'list', '--not-seen', '90d')).stdout).toContain('There is no such device');
    expect((await run(0, 'device', 'clean-up', '--not-seen', '90d', '--json')).json[0]).toEqual({
      disabled: [],
    });
    await run(2, 'device', 'clean-up', '--not-seen', 'ages');
    await run(2, 'device', 'clean-up');
  });

  it('refuses what policy does not admit, from the next request on', async () => {
    const status = (await run(0, 'status', '--json')).json[0];
    const register = ['key', 'register', '--user', 'bob', ...pin, '--json'];
    await run(0, ...register);
    const events = async (...more: string[]) =>
      (await run(0, 'webauthn', 'events', '--user', 'bob', ...more, '--json')).json[0] as unknown as {
        event: number;
        traceId: string;
      }[];
    const steps = await events('--since', '1h');
    expect(steps.map(({ event }) => event)).toEqual([1001, 2102, 2100, 2104, 1000]);
    expect(await events('--trace', steps[2]?.traceId ?? '')).toEqual(steps);
    await run(2, 'webauthn', 'events', '--since', 'yesterday');
    writeFileSync(join(home, 'wrong-pin'), '9999\n');
    await run(21, ...register.slice(0, 4), '--pin-file', join(home, 'wrong-pin'), '--json');
    expect((await events())[0]).toMatchObject({ event: 2103, clientError: 'pin-invalid', ctapStatus: 0x31 });
    const join1 = [
      'device',
      'join',
      '--tenant',
      String(status?.url),
      '--ca',
      join(home, 'tenant/tls/ca.pem'),
      ...pin,
      '--json',
    ];
    await run(0, ...join1);
    await run(0, 'policy', 'set', 'default', '--attestation', 'required');
    expect((await run(18, 'signin', ...pin, '--json')).json).toMatchObject([
      { error: { code: 'attestation-required', next: expect.any(String) } },
    ]);
    await run(0, 'policy', 'set', 'default', '--attestation', 'optional', '--allow', SOFTWARE_KEY_AAGUID);
    expect((await run(18, 'signin', ...pin, '--json')).json).toMatchObject([
      { error: { code: expect.stringMatching(/^(attestation-required|key-model-not-allowed)$/) } },
    ]);
    await run(0, 'policy', 'set', 'default', '--any-model');
    await run(40, 'signin', ...pin, '--json'); // signed in; bob has no counterpart in a domain
  });

  it('makes a Temporary Access Pass, shows it once, and keeps to the policy', async () => {
    expect((await run(0, 'policy', 'pass', '--max-lifetime', '2h', '--length', '12')).stdout).toContain(
      '12 characters',
    );
    const made = (await run(0, 'pass', 'create', 'alice', '--lifetime', '2h')).stdout;
    const pass = /^[0-9A-Z]{4}(-[0-9A-Z]{4}){2}$/m.exec(made)?.[0] ?? '';
    expect(pass).not.toBe('');
    const shown = (await run(0, 'pass', 'show', 'alice')).stdout;
    expect(shown).toMatch(/usable : yes/);
    expect(shown).not.toContain(pass.replaceAll('-', ''));
    await run(75, 'pass', 'create', 'alice', '--lifetime', '3h');
    await run(0, 'pass', 'delete', 'alice');
    await run(7, 'pass', 'show', 'alice');
  });

  it('reports who needs a key, and says that no metadata is configured', async () => {
    expect((await run(0, 'report', 'no-key')).stdout).toContain('alice@corp.example.com');
    expect((await run(0, 'report', 'one-key')).stdout).toContain('bob@corp.example.com');
    expect((await run(0, 'report', 'unused', '--days', '1')).stdout).toContain('Every key is in use.');
    expect((await run(0, 'report', 'models')).stdout).toContain(SOFTWARE_KEY_AAGUID);
    expect((await run(0, 'metadata', 'status')).stdout).toContain('none (set metadata in config.json)');
    expect((await run(9, 'metadata', 'refresh', '--json')).json).toMatchObject([
      { error: { code: 'metadata-not-configured' } },
    ]);
    expect((await run(0, 'policy', 'keys')).stdout).toContain('keys of any other model are accepted too');
  });

  it('says what is wrong with an option', async () => {
    expect((await run(2, 'policy', 'set', 'default')).stderr).toContain('Say what is to change');
    expect((await run(2, 'policy', 'set', 'default', '--self-service', 'perhaps')).stderr).toContain(
      '--self-service takes on or off',
    );
    expect((await run(2, 'policy', 'set', 'default', '--allow', 'x', '--block', 'y')).stderr).toContain(
      'Give one of',
    );
    expect((await run(7, 'policy', 'show', 'Nowhere', '--json')).json).toMatchObject([
      { error: { code: 'group-not-found' } },
    ]);
  });
});
