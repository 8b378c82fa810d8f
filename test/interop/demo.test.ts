/** The demo as a newcomer runs it; MIT's clients and curl use the tickets that it leaves. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { jsonLines, kennel, startKennel, stopProcess } from '../support/kennel.ts';
import { withPeers } from '../support/peers.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'kennel-demo-'));
const STEPS = [
  'domain',
  'tenant',
  'kerberos-server',
  'users',
  'join',
  'sign-in',
  'intranet',
  'refused-dora',
  'refused-gus',
  'refused-bob',
  'ready',
];

afterAll(() => rmSync(folder, { recursive: true }));

describe('kennel demo', () => {
  it('walks the flow once, and again over its own folder', async () => {
    const home = join(folder, 'once');
    for (let i = 0; i < 2; i++) {
      const { exitCode, json, stdout, stderr } = await kennel(
        ['demo', '--once', '--json', '--home', home],
        {},
      );
      expect(stdout.trim().split('\n'), 'nothing but JSON').toHaveLength(json.length);
      expect(stderr).toBe('');
      expect(exitCode).toBe(0);
      expect(json.map(({ step }) => step)).toEqual(STEPS);
      expect(json.slice(0, -1).every(({ ok }) => ok === true)).toBe(true);
      expect(Object.keys(json.at(-1) ?? {})).toEqual([
        'step',
        'realm',
        'kdc',
        'tenant',
        'intranet',
        'ccache',
        'krb5Conf',
        'ca',
      ]);
    }
    expect(statSync(join(home, 'alice.ccache')).mode & 0o777).toBe(0o600);
    for (const name of ['krb5.conf', 'ca.pem']) expect(existsSync(join(home, name)), name).toBe(true);
  });

  it('touches no folder that holds something else', async () => {
    writeFileSync(join(folder, 'precious'), 'x');
    const { exitCode, json } = await kennel(['demo', '--once', '--json', '--home', folder], {});
    expect(exitCode).toBe(2);
    expect(json).toMatchObject([{ error: { code: 'demo-home-in-use' } }]);
    expect(existsSync(join(folder, 'precious'))).toBe(true);
  });

  const withClients = withPeers('mit', 'curl');
  withClients('stays up for klist, kvno and curl, and stops cleanly on Ctrl-C', async () => {
    const child = startKennel(['demo', '--json', '--home', join(folder, 'up')], {});
    let output = '';
    const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
      child.on('exit', () => reject(new Error(output)));
      child.stdout?.on('data', (chunk) => {
        output += chunk;
        const last =
          output.includes('"ready"') && output.endsWith('\n') ? jsonLines(output).at(-1) : undefined;
        if (last?.step === 'ready') resolve(last);
      });
    });
    const env = { ...process.env, KRB5_CONFIG: String(ready.krb5Conf), KRB5CCNAME: `FILE:${ready.ccache}` };
    expect((await run('klist', [], { env })).stdout).toContain('krbtgt/CORP.EXAMPLE.COM@CORP.EXAMPLE.COM');
    expect((await run('kvno', ['HTTP/localhost'], { env })).stdout).toContain('kvno = 1');
    const page = await run(
      'curl',
      ['--silent', '--fail', '--negotiate', '--user', ':', String(ready.intranet)],
      { env },
    );
    expect(page.stdout).toContain('Welcome to the intranet, alice@CORP.EXAMPLE.COM');
    const tenant = await run('curl', [
      '--silent',
      '--fail',
      '--cacert',
      String(ready.ca),
      `${ready.tenant}/common/discovery/keys`,
    ]);
    expect(JSON.parse(tenant.stdout).keys).toHaveLength(1);
    expect(await stopProcess(child)).toBe(0);
  });
});
