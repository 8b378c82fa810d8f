/** `kennel key provision`: a batch with fresh keys, one that is not, an interruption, and nothing twice. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveSoftwareKey } from '@kennel/security-key';
import { type AdminClient, adminClient, initTenant, serveTenant } from '@kennel/tenant';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kennel } from '../support/kennel.ts';

const home = mkdtempSync(join(tmpdir(), 'kennel-provision-'));
const file = (name: string) => join(home, name);
const closing: (() => Promise<void>)[] = [];
let admin: AdminClient;

beforeAll(async () => {
  const stateDir = file('tenant');
  await initTenant({ stateDir, hostName: 'localhost', listen: { port: 0 }, lab: true });
  const running = await serveTenant({ stateDir });
  closing.push(() => running.close());
  admin = adminClient(stateDir);
  for (const name of ['one', 'two']) {
    const key = await serveSoftwareKey({ socketPath: file(`${name}.sock`), statePath: file(`${name}.json`) });
    closing.push(() => key.close());
  }
  for (const user of ['alice', 'bob']) await admin.users.create({ userPrincipalName: `${user}@example.com` });
  writeFileSync(file('people.csv'), 'user,displayName\nalice,Blue key\nbob,\n');
});
afterAll(async () => {
  for (const close of closing) await close();
  rmSync(home, { recursive: true });
});

/** A batch with the key of this name at hand. */
async function batch(key: string, exitCode: number) {
  const args = ['key', 'provision', '--csv', file('people.csv'), '--result', file('keys.csv'), '--json'];
  const result = await kennel(args, { KENNEL_HOME: home, KENNEL_SECURITY_KEY: file(`${key}.sock`) });
  expect(result, result.stdout + result.stderr).toMatchObject({ exitCode });
  return result;
}
const results = () =>
  readFileSync(file('keys.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
const keysOf = async (user: string) => (await admin.keys.list(user)).map(({ id }) => id);

describe('a batch', () => {
  it('touches no key for somebody whom the tenant does not know', async () => {
    writeFileSync(file('strangers.csv'), 'user\nnobody\n');
    const args = ['key', 'provision', '--csv', file('strangers.csv'), '--result', file('none.csv'), '--json'];
    const environment = { KENNEL_HOME: home, KENNEL_SECURITY_KEY: file('one.sock') };
    const result = await kennel(args, environment);
    expect(result).toMatchObject({ exitCode: 76, json: [{ users: 1, done: 0, failed: 1 }] });
    expect(result.stderr).toContain('There is no user nobody');
    const single = await kennel(['key', 'provision', '--user', 'nobody', '--json'], environment);
    expect(single).toMatchObject({ exitCode: 7, json: [{ error: { code: 'user-not-found' } }] });
    const info = await kennel(['key', 'info', '--json'], environment);
    expect(info.json).toMatchObject([{ clientPinSet: false }]);
  });

  it('makes a fresh key ready, and refuses one that has a PIN already', async () => {
    const { json, stderr } = await batch('one', 76);
    expect(json).toMatchObject([{ users: 2, done: 1, failed: 1, pinChangeNotForced: 0 }]);
    expect(stderr).toContain('bob: This key has a PIN already');
    const [alice, bob] = results();
    expect(alice?.slice(0, 5)).toMatchObject([
      'alice',
      'done',
      'Blue key',
      expect.stringMatching(/^\d{8}$/),
      'yes',
    ]);
    expect(bob?.slice(0, 2)).toEqual(['bob', 'failed']);
    expect(statSync(file('keys.csv')).mode & 0o777).toBe(0o600);
    expect(await keysOf('alice')).toEqual([alice?.[5]]);
    expect(await keysOf('bob')).toEqual([]);
  });

  it('goes on with those that are left, and registers nothing twice', async () => {
    expect((await batch('two', 0)).json).toMatchObject([{ done: 2, failed: 0 }]);
    expect([await keysOf('alice'), await keysOf('bob')]).toEqual([[results()[0]?.[5]], [results()[1]?.[5]]]);
    expect(results()[0]?.[3]).not.toBe(results()[1]?.[3]); // no PIN is another's
    const steps = await admin.ceremonies.list({ user: 'bob' });
    expect(steps.map(({ event }) => event)).toEqual([1001, 2102, 2100, 2104, 1000]);
  });

  it('goes on where an interruption left it: registered, but the result was not written', async () => {
    const before = readFileSync(file('keys.csv'), 'utf8');
    writeFileSync(file('keys.csv'), before.replace('bob,done', 'bob,made'));
    expect((await batch('two', 0)).json).toMatchObject([{ done: 2, failed: 0 }]);
    expect(await keysOf('bob')).toEqual([results()[1]?.[5]]);
    expect(results()[1]?.slice(0, 5)).toMatchObject([
      'bob',
      'done',
      'Security key',
      expect.any(String),
      'yes',
    ]);
  });

  it('leaves a key that wants its owner’s PIN before anything else', async () => {
    writeFileSync(file('pin'), `${results()[1]?.[3]}\n`);
    const args = ['key', 'credentials', 'list', '--pin-file', file('pin'), '--json'];
    const result = await kennel(args, { KENNEL_HOME: home, KENNEL_SECURITY_KEY: file('two.sock') });
    expect(result).toMatchObject({ exitCode: 20, json: [{ error: { code: 'pin-change-required' } }] });
  });
});
