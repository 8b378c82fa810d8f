/** The software key's socket: who may use it, what it answers, and how it fails. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectSoftwareKey } from '../client/ctap2-key.ts';
import { encodeFrame } from '../frame.ts';
import { serveSoftwareKey } from './serve.ts';
import { failure, rawClient, useKeyHome } from './testing.ts';

const { paths, home, serve, client, remove } = useKeyHome();

describe('the socket', () => {
  it('is private, replaced after a kill, and removed at the end', async () => {
    const { socketPath } = paths();
    const dead = createServer().listen(socketPath);
    await new Promise((resolve) => dead.once('listening', resolve));
    await expect(serveSoftwareKey(paths())).rejects.toEqual(failure('key-in-use'));
    dead.close();
    const served = await serve();
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    await expect(serveSoftwareKey({ ...paths(), socketPath: join(home(), 'other.sock') })).rejects.toEqual(
      failure('state-in-use'),
    );
    await served.close();
    expect(existsSync(socketPath)).toBe(false);
    await expect(connectSoftwareKey(socketPath)).rejects.toEqual(
      failure('key-unreachable', /start the software key/),
    );
  });

  it('never removes a file that is no socket', async () => {
    writeFileSync(paths().socketPath, 'precious');
    await expect(serveSoftwareKey(paths())).rejects.toEqual(failure('key-in-use'));
    expect(readFileSync(paths().socketPath, 'utf8')).toBe('precious');
    const long = { ...paths(), socketPath: join(home(), 'x'.repeat(120)) };
    await expect(serveSoftwareKey(long)).rejects.toEqual(failure('key-in-use', /longer/));
  });

  it('answers the other frames, and one request at a time', async () => {
    let touch: (granted: boolean) => void = () => {};
    await serve({ onTouch: () => new Promise((resolve) => (touch = resolve)) });
    const { send, next, closed } = rawClient(paths().socketPath);
    send(encodeFrame(0x01, Buffer.from('ping')));
    expect(await next()).toEqual({ command: 0x01, payload: Buffer.from('ping') });
    send(encodeFrame(0x06, Buffer.alloc(8)));
    expect(await next()).toEqual({ command: 0x3f, payload: Buffer.of(0x01) });
    send(encodeFrame(0x10, Buffer.of(0x0b))); // authenticatorSelection
    expect(await next()).toEqual({ command: 0x3b, payload: Buffer.of(0x02) });
    send(encodeFrame(0x10, Buffer.of(0x04)));
    expect(await next()).toEqual({ command: 0x3f, payload: Buffer.of(0x06) });
    send(encodeFrame(0x11, Buffer.alloc(0)));
    expect(await next()).toEqual({ command: 0x10, payload: Buffer.of(0x2d) });
    send(encodeFrame(0x10, Buffer.of(0x0b)));
    await next();
    touch(true);
    expect(await next()).toEqual({ command: 0x10, payload: Buffer.of(0x00) });
    send(Buffer.from('10ffffffff', 'hex'));
    expect(await next()).toEqual({ command: 0x3f, payload: Buffer.of(0x03) });
    await closed;
  });

  it('tells its owner of a full disk, and the client that it failed', async () => {
    const errors: unknown[] = [];
    await serve({ onError: (error) => errors.push(error) });
    const key = await client();
    remove(); // the socket stays open
    await expect(key.setPin('2580')).rejects.toEqual(failure('key-error', /0x7f/));
    expect(errors).toEqual([failure('state-unwritable')]);
  });
});
