/** A hardware key through a stand-in for the tools, and tools that hang, babble, lie or are missing. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, useKeyHome } from '../software/testing.ts';
import { behavesAsHardwareKey } from './behaviour.ts';
import { serveFakeTools } from './fake-tools.ts';
import { listHardwareKeys, openHardwareKey } from './hardware-key.ts';

const home = useKeyHome();

/** A directory with a shell script for each tool. */
function scripts(body: (tool: string) => string, shell: 'sh' | 'bash' = 'sh'): string {
  const directory = join(home.home(), `tools-${Math.random()}`);
  mkdirSync(directory);
  for (const tool of ['fido2-token', 'fido2-cred', 'fido2-assert']) {
    const path = join(directory, tool);
    writeFileSync(path, `#!/bin/${shell}\n${body(tool)}\n`);
    chmodSync(path, 0o755);
  }
  return directory;
}

describe('through the stand-in', () => {
  let fake: Awaited<ReturnType<typeof serveFakeTools>>;
  beforeAll(async () => {
    fake = await serveFakeTools();
  });
  afterAll(() => fake.close());
  behavesAsHardwareKey(it, home, (plugged) => scripts((tool) => fake.body(tool, plugged), 'bash'));
});

const INFO = "printf 'proto: 0x02\\nversion strings: FIDO_2_1\\noptions: rk, clientPin\\n'";
const ask = { rpId: 'kennel.test', clientDataHash: new Uint8Array(32), pin: '2580' };

/** Tools of which fido2-token says that a key with a PIN is there, and the others do this. */
const withKey = (body: string) => scripts((tool) => (tool === 'fido2-token' ? INFO : body));

describe('tools that misbehave', () => {
  it('are missing', async () => {
    await expect(listHardwareKeys({ toolDirectory: '/nonexistent' })).rejects.toEqual(
      failure('tools-missing', /fido2-tools/),
    );
  });

  it('hang, and are killed with what they started', async () => {
    const pids = join(home.home(), 'pids');
    const toolDirectory = scripts(() => `sleep 600 & echo $! $$ > ${pids}; wait`);
    const started = performance.now();
    await expect(listHardwareKeys({ toolDirectory, answerTimeout: 300 })).rejects.toEqual(
      failure('key-unreachable', /did not answer within 1 s/),
    );
    expect(performance.now() - started).toBeLessThan(5_000);
    for (const pid of readFileSync(pids, 'utf8').trim().split(' ').map(Number)) {
      await expect.poll(() => isRunning(pid)).toBe(false);
    }
  });

  it('say too much', async () => {
    const toolDirectory = scripts(() => 'yes');
    await expect(listHardwareKeys({ toolDirectory })).rejects.toEqual(failure('protocol-error', /too much/));
  });

  it.each(['hello', '/dev/hidraw0: vendor=0x1, product', '\u001b[2J'])('list %j', async (text) => {
    const toolDirectory = scripts(() => `printf '%s\\n' '${text}'`);
    await expect(listHardwareKeys({ toolDirectory })).rejects.toEqual(failure('protocol-error'));
  });

  it.each([
    'true',
    'cat',
    'head -c 3000 /dev/urandom',
    "printf 'AAAA\\nkennel.test\\nAAAA\\nAAAA\\n'",
    "printf '%s\\nkennel.test\\nAAAA\\nAAAA\\n' AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  ])('answer %j with success', async (body) => {
    const key = await openHardwareKey('/dev/hidraw0', { toolDirectory: withKey(body), touchTimeout: 1_000 });
    const refused = await key.getAssertion(ask).catch((error: unknown) => error);
    expect(refused).toEqual(expect.objectContaining({ name: 'SecurityKeyError' }));
    const made = key.makeCredential({
      ...ask,
      userHandle: Buffer.of(1),
      userName: 'a',
      algorithms: [-7],
      residentKey: true,
    });
    await expect(made).rejects.toEqual(expect.objectContaining({ name: 'SecurityKeyError' }));
  });

  it('ask for a PIN again and again', async () => {
    // It asks once more when it has the PIN, so that the two questions cannot come as one.
    const untilPin = `while read a; do [ "$a" = '${ask.pin}' ] && break; done`;
    const body = `printf 'Enter PIN for x: ' >&2; ${untilPin}; printf 'Enter PIN for x: ' >&2; read b; exit 0`;
    const key = await openHardwareKey('/dev/hidraw0', { toolDirectory: withKey(body) });
    await expect(key.getAssertion(ask)).rejects.toEqual(failure('protocol-error', /out of turn/));
  });

  it('get no PIN unless they ask, and none in arguments or environment', async () => {
    const seen = join(home.home(), 'seen');
    const body = `{ printf '%s ' "$0" "$@"; env; cat; } > ${seen} 2>&1 & sleep 0.5; kill $!; exit 1`;
    const key = await openHardwareKey('/dev/hidraw0', { toolDirectory: withKey(body) });
    await expect(key.getAssertion({ ...ask, pin: 'hunter2000' })).rejects.toEqual(failure('key-error'));
    const text = readFileSync(seen, 'utf8');
    expect(text).toContain('/dev/hidraw0');
    expect(text).not.toContain('hunter2000');
  });

  it('have no terminal to ask at', async () => {
    const toolDirectory = scripts(() => 'if (: < /dev/tty) 2>/dev/null; then exit 1; fi');
    expect(await listHardwareKeys({ toolDirectory })).toEqual([]);
  });

  it('repeat nothing of what they said in an error, but their last word', async () => {
    const body =
      "echo secret-trace >&2; printf 'fido2-assert: \\033[2Jfido_dev_get_assert: FIDO_ERR_RX\\n' >&2; exit 1";
    const key = await openHardwareKey('/dev/hidraw0', { toolDirectory: withKey(body) });
    const error = await key.getAssertion(ask).catch((thrown: unknown) => thrown);
    expect(error).toEqual(failure('key-unreachable', /went away/));
    expect(JSON.stringify(error)).not.toContain('secret-trace');
    expect((error as { details: { said: string } }).details.said).toBe(
      '\ufffd[2Jfido_dev_get_assert: FIDO_ERR_RX',
    );
  });
});

/** A process that has ended may still have its number until it is waited for. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
