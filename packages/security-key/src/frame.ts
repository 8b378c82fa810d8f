/**
 * Frames on the socket: one command byte as in CTAPHID, four bytes of big-endian length, the payload.
 * (CTAP 2.1, section 11.2, without its 64-byte packets and channels: a stream has no need of them.)
 */
import { LIMIT } from './registry.ts';

export interface Frame {
  readonly command: number;
  readonly payload: Uint8Array;
}

const HEADER = 5;

export function encodeFrame(command: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt8(command, 0);
  header.writeUInt32BE(payload.length, 1);
  return Buffer.concat([header, payload]);
}

/** Collects a stream into frames; holds at most one frame's bytes beyond what was given last. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  /** The frames that this chunk completes. Throws RangeError where a frame claims more than LIMIT.MESSAGE bytes. */
  push(chunk: Uint8Array): Frame[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const frames: Frame[] = [];
    while (this.#pending.length >= HEADER) {
      const length = this.#pending.readUInt32BE(1);
      if (length > LIMIT.MESSAGE) throw new RangeError(`frame of ${length} bytes, at most ${LIMIT.MESSAGE}`);
      if (this.#pending.length < HEADER + length) break;
      frames.push({
        command: this.#pending.readUInt8(0),
        payload: this.#pending.subarray(HEADER, HEADER + length),
      });
      this.#pending = this.#pending.subarray(HEADER + length);
    }
    return frames;
  }
}
