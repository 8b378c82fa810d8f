/** Vectors of the public clients, and OpenSSL's own SP 800-108 as the peer. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withPeers } from '../../../test/support/peers.ts';
import { deriveSessionKeyV1, deriveSessionKeyV2 } from './kdf.ts';

interface Vector {
  name: string;
  sessionKey: string;
  ctx: string;
  payload?: string;
  derived: string;
}
const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('../vectors/prt/kdf.json', import.meta.url), 'utf8'),
);
const hex = (text: string) => Buffer.from(text, 'hex');

test.each(vectors)('derives $name', ({ sessionKey, ctx, payload, derived }) => {
  const key =
    payload === undefined
      ? deriveSessionKeyV1(hex(sessionKey), hex(ctx))
      : deriveSessionKeyV2(hex(sessionKey), hex(ctx), Buffer.from(payload));
  expect(Buffer.from(key).toString('hex')).toBe(derived);
});

test('takes no key of another length', () => {
  expect(() => deriveSessionKeyV1(new Uint8Array(31), new Uint8Array(24))).toThrowError(
    expect.objectContaining({ code: 'bad-session-key' }),
  );
});

function opensslKdf(key: Uint8Array, context: Uint8Array): string {
  const option = (name: string, value: string) => ['-kdfopt', `${name}:${value}`];
  const printed = execFileSync('openssl', [
    'kdf',
    ...['-keylen', '32'],
    ...option('mac', 'HMAC'),
    ...option('digest', 'SHA256'),
    ...option('mode', 'counter'),
    ...option('hexkey', Buffer.from(key).toString('hex')),
    ...option('salt', 'AzureAD-SecureConversation'),
    ...option('hexinfo', Buffer.from(context).toString('hex')),
    'KBKDF',
  ]);
  return printed.toString().trim().replaceAll(':', '').toLowerCase();
}

describe('beside OpenSSL', () => {
  const it = withPeers('openssl');
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

  it('derives the same keys', () => {
    const inputs = fc.tuple(bytes(32), fc.constantFrom(24, 32).chain(bytes), fc.uint8Array({ minLength: 2 }));
    fc.assert(
      fc.property(inputs, ([key, ctx, payload]) => {
        expect(Buffer.from(deriveSessionKeyV1(key, ctx)).toString('hex')).toBe(opensslKdf(key, ctx));
        const bound = createHash('sha256')
          .update(Buffer.concat([ctx, payload]))
          .digest();
        const second = Buffer.from(deriveSessionKeyV2(key, ctx, payload)).toString('hex');
        expect(second).toBe(opensslKdf(key, bound));
      }),
      { numRuns: 10 },
    );
  });
});
