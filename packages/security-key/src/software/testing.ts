/** What the tests of this folder share: a served key in a directory of its own, a client of bare frames, mutations. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { connectSoftwareKey } from '../client/ctap2-key.ts';
import { type Frame, FrameReader } from '../frame.ts';
import type { SecurityKey } from '../security-key.ts';
import { type SoftwareKeyOptions, serveSoftwareKey } from './serve.ts';

/** A SecurityKeyError of this code, with a message. */
export const failure = (code: string, message?: RegExp) =>
  expect.objectContaining({
    name: 'SecurityKeyError',
    code,
    message: expect.stringMatching(message ?? /\S/),
  });

/** A fresh directory for each test; what was served or connected is closed after it. */
export function useKeyHome() {
  let home = '';
  let closing: (() => Promise<void>)[] = [];
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'kennel-key-'));
    closing = [];
  });
  afterEach(async () => {
    for (const close of closing.toReversed()) await close();
    rmSync(home, { recursive: true, force: true });
  });
  const paths = () => ({ socketPath: join(home, 'key.sock'), statePath: join(home, 'key.json') });
  return {
    paths,
    home: () => home,
    /** Take the directory away under a running key. */
    remove(): void {
      rmSync(home, { recursive: true });
      closing = [];
    },
    async serve(options: Partial<SoftwareKeyOptions> = {}) {
      const served = await serveSoftwareKey({ ...paths(), ...options });
      closing.push(() => served.close());
      return served;
    },
    async client(options: { onTouchNeeded?: () => void } = {}): Promise<SecurityKey> {
      const key = await connectSoftwareKey(paths().socketPath, options);
      closing.push(() => key.close());
      return key;
    },
  };
}

/** A client of bare frames. */
export function rawClient(path: string) {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  const waiting: ((frame: Frame) => void)[] = [];
  const socket = connect(path);
  socket.on('data', (chunk) => {
    for (const frame of reader.push(chunk)) (waiting.shift() ?? ((one) => frames.push(one)))(frame);
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const next = () =>
    new Promise<Frame>((resolve) => {
      const frame = frames.shift();
      if (frame) resolve(frame);
      else waiting.push(resolve);
    });
  return { send: (bytes: Uint8Array) => socket.write(bytes), next, closed };
}

/** One change to a request. */
export interface Mutation {
  at: number;
  byte: number;
  how: string;
}

export function mutate(bytes: Uint8Array, { at, byte, how }: Mutation): Uint8Array {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  const before = bytes.subarray(0, place);
  if (how === 'cut') return before;
  if (how === 'insert') return Buffer.concat([before, Buffer.of(byte), bytes.subarray(place)]);
  if (how === 'drop') return Buffer.concat([before, bytes.subarray(place + 1)]);
  return Buffer.concat([before, Buffer.of(byte), bytes.subarray(place + 1)]);
}
