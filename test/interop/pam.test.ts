/** Linux sign-in: pamtester, through the C module and the agent, with a software key against a real tenant. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { leaveDevice, runAgent, signOut } from '../../packages/device/src/index.ts';
import { readDevice, writeDevice } from '../../packages/device/src/state/device.ts';
import { PIN, startWorld, type World } from '../../packages/device/test/world.ts';
import { decodeCcache } from '../../packages/kerberos/src/index.ts';
import { connectSoftwareKey } from '../../packages/security-key/src/index.ts';
import { type Pam, setUpPam } from '../support/pam.ts';
import { missing, withPeers } from '../support/peers.ts';

const SESSION = ['authenticate', 'setcred', 'open_session', 'close_session'];

describe('Linux sign-in', () => {
  const it = withPeers('pam');
  let world: World;
  let at: Awaited<ReturnType<World['join']>>;
  let pam: Pam;
  let socketPath: string;
  let ticketsDir: string;
  let stop: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    if (missing(['pam']).length > 0) return;
    world = await startWorld();
    socketPath = join(world.home, 'run', 'agent.sock');
    ticketsDir = join('/dev/shm', `kennel-tickets-${process.pid}`);
    pam = await setUpPam(socketPath);
    const { key } = await world.enrol(pam.user);
    at = await world.join('linux');
    await world.signIn(at, { key }); // names the domain controller
    signOut({ stateDir: at.stateDir, forget: true });
    await key.close();
  }, 120_000);
  afterAll(async () => {
    if (missing(['pam']).length > 0) return;
    await pam.close();
    rmSync(ticketsDir, { recursive: true, force: true });
    await world.close();
  });
  afterEach(async () => {
    await stop?.();
    stop = undefined;
  });

  /** @param domain empty for none */
  async function agent(domain = 'corp.example.com', keySocket = `${pam.user}.sock`) {
    const ended = new AbortController();
    const running = runAgent({
      stateDir: at.stateDir,
      signal: ended.signal,
      onEvent: () => undefined,
      signIns: {
        socketPath,
        domain: domain || undefined,
        ticketsDir,
        openKey: (onTouchNeeded) => connectSoftwareKey(join(world.home, keySocket), { onTouchNeeded }),
      },
    }).catch(() => undefined);
    stop = async () => {
      ended.abort();
      await running;
    };
    await expect.poll(() => statSync(socketPath, { throwIfNoEntry: false })?.isSocket()).toBe(true);
  }

  it('PIN, session, tickets of the user’s own in memory, and the home as it was', async () => {
    await agent();
    const before = readdirSync(pam.home);
    const { exitCode, output, environment } = await pam.test(SESSION, `${PIN}\n`);
    expect(output).toContain('PIN of your security key: ');
    expect(output).not.toMatch(/password/i);
    expect(exitCode, output).toBe(0);
    const ccache = join(ticketsDir, `krb5cc_${pam.uid}`);
    expect(environment).toContain(`KRB5CCNAME=FILE:${ccache}\n`);
    const { uid, mode } = statSync(ccache);
    expect([uid, mode & 0o777]).toEqual([pam.uid, 0o600]);
    const { principal } = decodeCcache(readFileSync(ccache));
    expect(principal.name.nameString).toEqual([pam.user]);
    expect(readdirSync(pam.home)).toEqual(before);
  });

  it('the system’s own su lets in who has the key, at a terminal, with their tickets; a wrong PIN nobody', async () => {
    await agent();
    const command = 'id -un; echo "cache $KRB5CCNAME"; stat -c "%U %a" $(echo $KRB5CCNAME | cut -c 6-)';
    const { exitCode, output } = await pam.su(command, PIN);
    expect(exitCode, output).toBe(0);
    const lines = output.replaceAll('\r', '').split('\n');
    expect(lines).toContain(pam.user);
    expect(lines).toContain(`cache FILE:${join(ticketsDir, `krb5cc_${pam.uid}`)}`);
    expect(lines).toContain(`${pam.user} 600`);
    expect(output).not.toContain(PIN); // it is not echoed
    expect(output).not.toMatch(/password/i);
    const wrong = await pam.su('id -un', '9999');
    expect(wrong.exitCode).not.toBe(0);
    expect(wrong.output).toMatch(/PIN.*7/s);
    expect(wrong.output.replaceAll('\r', '').split('\n')).not.toContain(pam.user);
    expect((await pam.su('true', PIN)).exitCode).toBe(0); // and the tries begin anew
  });

  it('without the tenant, once it was there with it', async () => {
    await agent();
    const record = readDevice(at.stateDir);
    writeDevice(at.stateDir, {
      ...record,
      tenant: { ...record.tenant, tokenEndpoint: 'https://localhost:1/common/oauth2/token' },
    });
    try {
      const { exitCode, output, environment } = await pam.test(SESSION, `${PIN}\n`);
      expect(exitCode, output).toBe(0);
      expect(environment).toContain('KRB5CCNAME=FILE:');
    } finally {
      writeDevice(at.stateDir, { ...readDevice(at.stateDir), tenant: record.tenant });
    }
  });

  it('a wrong PIN is told with the tries that are left, and nobody is let in', async () => {
    await agent();
    const { exitCode, output } = await pam.test(['authenticate'], '9999\n');
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/PIN.*7/s);
    expect((await pam.test(['authenticate'], `${PIN}\n`)).exitCode).toBe(0);
    const empty = await pam.test(['authenticate'], '\n');
    expect(empty.exitCode).not.toBe(0);
  });

  it('no key: told before a PIN is asked for, and others may try', async () => {
    await agent('corp.example.com', 'no-such-key.sock');
    const { exitCode, output } = await pam.test(['authenticate'], `${PIN}\n`);
    expect(exitCode).not.toBe(0); // pam_deny comes after us here
    expect(output).toMatch(/security key/i);
    expect(output).not.toContain('PIN of your security key');
  });

  it('somebody else’s key opens nothing', async () => {
    await agent('corp.example.com', 'alice.sock');
    const { exitCode, output } = await pam.test(['authenticate'], `${PIN}\n`);
    expect(exitCode).not.toBe(0);
    expect(output).toContain('belongs to somebody else');
  });

  it('not ours, no agent, not joined: ignored without a question', async () => {
    const ignored = async (user = pam.user) => {
      const { exitCode, output } = await pam.test(['authenticate'], `${PIN}\n`, user);
      expect(exitCode).not.toBe(0); // pam_deny was asked
      expect(output).not.toMatch(/PIN|key|touch|password/i);
    };
    await ignored(); // no agent
    await agent();
    await ignored('root');
    await ignored('daemon');
    await ignored('nobody-of-that-name');
    await stop?.();
    signOut({ stateDir: at.stateDir, forget: true });
    await agent('');
    await ignored(); // nobody was here, and no domain is configured
  });

  describe('an agent that is not what it seems', () => {
    let server: Server;
    afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const answering = (talk: (socket: Socket) => void) =>
      new Promise<void>((resolve) => {
        server = createServer((socket) => {
          socket.on('error', () => undefined); // the module hangs up on it
          socket.once('data', () => talk(socket));
        }).listen(socketPath, resolve);
      });

    it.each([
      ['a line without an end', 'x'.repeat(100_000)],
      ['a line that is too long', `pin ${'x'.repeat(2000)}\n`],
      ['control characters', 'info \u001b[2J\n'],
      ['an unknown word', 'welcome root\n'],
      ['ok without a PIN', 'ok root\n'],
      ['tickets before a PIN', 'ccache FILE:/tmp/x\nok root\n'],
      ['lines without end', 'info x\n'.repeat(5000)],
      ['nothing', ''],
      ['half a line', 'pin PI'],
      ['zeros', '\0\0\0\n'],
    ])('%s: refused', async (_name, answer) => {
      await answering((socket) => socket.end(answer));
      const { exitCode, environment } = await pam.test(SESSION, `${PIN}\n`);
      expect(exitCode).toBe(1);
      expect(environment).toBe('');
    });

    it.each([
      ['a cache of another kind', 'ccache KEYRING:x\nok a\n'],
      ['an ignore after the PIN', 'ignore late\n'],
      ['a second question', 'pin Again\n'],
    ])('after the PIN, %s: refused', async (_name, answer) => {
      await answering((socket) => {
        socket.write('pin PIN of your security key\n');
        socket.once('data', () => socket.end(answer));
      });
      const { exitCode, output } = await pam.test(SESSION, `${PIN}\n${PIN}\n`);
      expect(exitCode, output).toBe(1);
    });
  });

  it('a device that has left is ignored', async () => {
    await agent();
    await leaveDevice({ stateDir: at.stateDir });
    const { exitCode, output } = await pam.test(['authenticate'], `${PIN}\n`);
    expect(exitCode).not.toBe(0);
    expect(output).not.toMatch(/PIN|touch/i);
  });
});
