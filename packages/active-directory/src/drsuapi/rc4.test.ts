/** RC4 against RFC 6229. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rc4 } from './rc4.ts';

// The file is ours, in this shape.
const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/rfc6229/vectors.json', import.meta.url), 'utf8'),
) as { key: string; stream: string }[];

it.each(vectors)('gives the key stream of RFC 6229 for $key', ({ key, stream }) => {
  const zeros = Buffer.alloc(stream.length / 2);
  expect(rc4(Buffer.from(key, 'hex'), zeros).toString('hex')).toBe(stream);
});
