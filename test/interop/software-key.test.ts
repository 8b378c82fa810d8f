/** The software key driven by Debian's python-fido2: its PIN protocols, attestation, assertions and extensions. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectSoftwareKey, SOFTWARE_KEY_AAGUID } from '@kennel/security-key';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { withPeers } from '../support/peers.ts';

const it = withPeers('fido2');
const PEER = join(import.meta.dirname, 'peers/software_key_device.py');
const SERVE = `
  import { serveSoftwareKey } from '@kennel/security-key';
  await serveSoftwareKey({ socketPath: process.argv[1], statePath: process.argv[2], onError: console.error });
  console.log('serving');`;

let home: string;
let children: ChildProcess[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kennel-key-'));
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map(kill));
  rmSync(home, { recursive: true });
});

const socketPath = () => join(home, 'key.sock');
const statePath = () => join(home, 'key.json');

/** The key in a process of its own, so that killing it is a power cut. */
async function startKey(): Promise<ChildProcess> {
  const args = ['--input-type=module', '-e', SERVE, socketPath(), statePath()];
  const cwd = import.meta.dirname; // from where the package is found
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'serving') break;
  }
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

type Answer = Record<string, unknown>;
interface Peer {
  (call: Answer): Promise<Answer>;
  stop(): Promise<void>;
}

/** python-fido2, connected to the key. */
async function startPeer(): Promise<Peer> {
  const child = spawn('/usr/bin/python3', [PEER, socketPath()], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Answer> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('python-fido2 ended; see its traceback above');
    return JSON.parse(value) as Answer; // the script prints one object a line
  };
  await next();
  const peer = async (call: Answer) => {
    child.stdin.write(`${JSON.stringify(call)}\n`);
    return next();
  };
  return Object.assign(peer, { stop: () => kill(child) });
}

const PIN = '2580';
const wrong = { do: 'token', pin: '0000' };

describe('python-fido2 and the software key', () => {
  it('reads the same facts as our own client', async () => {
    await startKey();
    const peer = await startPeer();
    const info = await peer({ do: 'info' });
    expect(info).toMatchObject({
      aaguid: SOFTWARE_KEY_AAGUID.replaceAll('-', ''),
      versions: ['FIDO_2_0', 'FIDO_2_1'],
      protocols: [2, 1],
      options: { rk: true, up: true, clientPin: false, pinUvAuthToken: true, alwaysUv: true },
    });
    const key = await connectSoftwareKey(socketPath());
    expect((await key.info()).maxMsgSize).toBe(info.maxMsgSize);
    await key.close();
    expect(await peer({ do: 'ping', data: '00ff' })).toEqual({ data: '00ff' });
    expect(statSync(socketPath()).mode & 0o777).toBe(0o600);
    expect(statSync(statePath()).mode & 0o777).toBe(0o600);
  });

  for (const protocol of [1, 2]) {
    it(`registers and signs in under PIN protocol ${protocol}`, async () => {
      await startKey();
      const peer = await startPeer();
      expect(await peer({ do: 'setPin', pin: PIN, protocol })).toEqual({});
      const made = await peer({ do: 'make', pin: PIN, protocol, user: 'alice', hmac: true });
      expect(made).toMatchObject({
        fmt: 'packed',
        attestation: 'SELF',
        aaguid: SOFTWARE_KEY_AAGUID.replaceAll('-', ''),
        flags: 0xc5, // UP, UV, attested data, extensions
        counter: 1,
        extensions: { 'hmac-secret': true },
      });

      const salts = ['11'.repeat(32), '22'.repeat(32)];
      const first = await peer({ do: 'assert', pin: PIN, protocol, salts });
      expect(first).toMatchObject({ assertions: [{ id: made.id, user: 'alice', flags: 0x85, counter: 2 }] });
      const second = await peer({ do: 'assert', pin: PIN, protocol, salts: salts.slice(0, 1) });
      expect(second).toMatchObject({ assertions: [{ counter: 3 }] });
      const [a, b] = [first, second].map(hmacOf);
      expect(a?.output1).toMatch(/^[0-9a-f]{64}$/);
      expect(b?.output1).toBe(a?.output1);
      expect(a?.output2).not.toBe(a?.output1);

      expect(await peer({ do: 'changePin', old: PIN, new: 'päß1', protocol })).toEqual({});
      expect(await peer({ do: 'token', pin: 'päß1', protocol })).toEqual({});
      const renewed = await peer({ do: 'assert', pin: 'päß1', protocol, salts: salts.slice(0, 1) });
      expect(hmacOf(renewed)?.output1).toBe(a?.output1);
    });
  }

  it('serves python-fido2’s WebAuthn client', async () => {
    await startKey();
    const peer = await startPeer();
    await peer({ do: 'setPin', pin: PIN });
    expect(await peer({ do: 'webauthn', pin: PIN })).toEqual({ verified: true, uv: true });
  });

  it('answers for several accounts, and for an allowed one alone', async () => {
    await startKey();
    const peer = await startPeer();
    await peer({ do: 'setPin', pin: PIN });
    const alice = await peer({ do: 'make', pin: PIN, user: 'alice' });
    const bob = await peer({ do: 'make', pin: PIN, user: 'bob', alg: -7 });
    expect(await peer({ do: 'assert', pin: PIN })).toMatchObject({
      assertions: [{ user: 'bob' }, { user: 'alice' }],
    });
    expect(await peer({ do: 'assert', pin: PIN, allow: [alice.id] })).toMatchObject({
      assertions: [{ id: alice.id }],
    });
    const again = { do: 'make', pin: PIN, user: 'alice', exclude: [bob.id] };
    expect(await peer(again)).toEqual({ error: 'CREDENTIAL_EXCLUDED' });
    expect(await peer({ do: 'assert', pin: PIN, rpId: 'other.test' })).toEqual({ error: 'NO_CREDENTIALS' });
  });

  it('signs with Ed25519 where that is asked for', async () => {
    await startKey();
    const peer = await startPeer();
    await peer({ do: 'setPin', pin: PIN });
    await peer({ do: 'make', pin: PIN, user: 'alice', alg: -8 });
    expect(await peer({ do: 'assert', pin: PIN })).toMatchObject({ assertions: [{ user: 'alice' }] });
    const unknown = await peer({ do: 'make', pin: PIN, user: 'alice', alg: -257 });
    expect(unknown).toEqual({ error: 'UNSUPPORTED_ALGORITHM' });
  });

  it('lists and deletes resident credentials', async () => {
    await startKey();
    const peer = await startPeer();
    await peer({ do: 'setPin', pin: PIN });
    const alice = await peer({ do: 'make', pin: PIN, user: 'alice' });
    await peer({ do: 'make', pin: PIN, user: 'bob' });
    await peer({ do: 'make', pin: PIN, user: 'carol', rpId: 'other.test' });
    const all = { 'kennel.test': ['alice', 'bob'], 'other.test': ['carol'] };
    expect(await peer({ do: 'manage', pin: PIN })).toEqual({ count: 3, credentials: all });
    const left = { 'kennel.test': ['bob'], 'other.test': ['carol'] };
    expect(await peer({ do: 'manage', pin: PIN, delete: [alice.id] })).toEqual({
      count: 2,
      credentials: left,
    });
    expect(await peer({ do: 'assert', pin: PIN, allow: [alice.id] })).toEqual({ error: 'NO_CREDENTIALS' });
  });

  it('blocks softly after three wrong PINs, for good after eight, and only Reset helps', async () => {
    let key = await startKey();
    let peer = await startPeer();
    await peer({ do: 'setPin', pin: PIN });
    await peer({ do: 'make', pin: PIN, user: 'alice' });
    const restart = async () => {
      await peer.stop();
      await kill(key); // SIGKILL: nothing is written on the way out
      key = await startKey();
      peer = await startPeer();
    };
    const left = async (retries: number, powerCycle: boolean) =>
      expect(await peer({ do: 'retries' })).toEqual({ retries, powerCycle });

    expect(await peer(wrong)).toEqual({ error: 'PIN_INVALID' });
    await left(7, false);
    expect(await peer({ do: 'token', pin: PIN })).toEqual({});
    await left(8, false);

    expect(await peer(wrong)).toEqual({ error: 'PIN_INVALID' });
    expect(await peer(wrong)).toEqual({ error: 'PIN_INVALID' });
    expect(await peer(wrong)).toEqual({ error: 'PIN_AUTH_BLOCKED' });
    await left(5, true);
    expect(await peer({ do: 'token', pin: PIN })).toEqual({ error: 'PIN_AUTH_BLOCKED' }); // the right one, too late
    await left(5, true);

    await restart();
    await left(5, false);
    expect(await peer(wrong)).toEqual({ error: 'PIN_INVALID' });
    expect(await peer(wrong)).toEqual({ error: 'PIN_INVALID' });
    expect(await peer(wrong)).toEqual({ error: 'PIN_AUTH_BLOCKED' });
    await restart();
    expect(await peer(wrong)).toEqual({ error: 'PIN_INVALID' });
    expect(await peer(wrong)).toEqual({ error: 'PIN_BLOCKED' });
    await left(0, false);

    await restart();
    expect(await peer({ do: 'token', pin: PIN })).toEqual({ error: 'PIN_BLOCKED' });
    expect(await peer({ do: 'reset' })).toEqual({});
    expect(await peer({ do: 'token', pin: PIN })).toEqual({ error: 'PIN_NOT_SET' });
    await peer({ do: 'setPin', pin: PIN });
    expect(await peer({ do: 'assert', pin: PIN })).toEqual({ error: 'NO_CREDENTIALS' });
  });

  it('keeps credentials and counter over a power cut, and no PIN or key in its file', async () => {
    const key = await startKey();
    const peer = await startPeer();
    await peer({ do: 'setPin', pin: 'correct horse' });
    const made = await peer({ do: 'make', pin: 'correct horse', user: 'alice' });
    await peer.stop();
    await kill(key);
    const file = readFileSync(statePath(), 'utf8');
    expect(file).not.toContain('correct horse');
    await startKey();
    const ours = await connectSoftwareKey(socketPath());
    const assertion = await ours.getAssertion({
      rpId: 'kennel.test',
      clientDataHash: new Uint8Array(32),
      pin: 'correct horse',
    });
    expect(Buffer.from(assertion.credentialId).toString('hex')).toBe(made.id);
    expect(Buffer.from(assertion.authenticatorData).readUInt32BE(33)).toBe(2);
    await ours.close();
  });
});

interface Hmac {
  output1?: string;
  output2?: string;
}

function hmacOf(answer: Answer): Hmac | undefined {
  const { assertions } = answer as { assertions?: { hmac?: Hmac }[] }; // the shape that do_assert prints
  return assertions?.[0]?.hmac;
}
