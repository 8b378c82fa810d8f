/** Frames: however the stream is cut, and not beyond their bound. */
import { expect, it } from 'vitest';
import { encodeFrame, FrameReader } from './frame.ts';

it('puts frames together from any cut', () => {
  const stream = Buffer.concat([encodeFrame(0x10, Buffer.of(4)), encodeFrame(0x01, Buffer.alloc(7609, 7))]);
  expect(stream.subarray(0, 6).toString('hex')).toBe('100000000104');
  for (const size of [1, 3, 5, 6, 4096, stream.length]) {
    const reader = new FrameReader();
    const frames = [];
    for (let at = 0; at < stream.length; at += size) {
      frames.push(...reader.push(stream.subarray(at, at + size)));
    }
    expect(frames.map(({ command, payload }) => [command, payload.length])).toEqual([
      [0x10, 1],
      [0x01, 7609],
    ]);
    expect(frames[1]?.payload.every((byte) => byte === 7)).toBe(true);
  }
});

it('refuses a frame beyond the largest message before its bytes come', () => {
  expect(() => new FrameReader().push(Buffer.from('1000001dba', 'hex'))).toThrow(RangeError);
  expect(() => new FrameReader().push(Buffer.from('10ffffffff', 'hex'))).toThrow(RangeError);
});
