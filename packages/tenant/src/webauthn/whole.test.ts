/** A registration and then sign-ins, for every algorithm and every flag: what may hold holds, and nothing else does. */

import { randomUUID } from 'node:crypto';
import { assertionChallenge } from '@kennel/prt';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OTHER_AAGUID, type TestAlgorithm, TestKey } from '../../test/authenticator.ts';
import { openTenant } from '../../test/open-tenant.ts';
import { TenantError } from '../errors.ts';
import type { Tenant } from '../tenant.ts';
import { createUser } from '../users/rules.ts';
import { verifyAssertion } from './assertion.ts';
import { listKeys } from './keys.ts';
import { registerKey, registrationOptions } from './registration.ts';

const ORIGIN = 'https://localhost';
/** WebAuthn section 6.1. */
const FLAG = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, AT: 0x40 };
const ALGORITHMS: readonly TestAlgorithm[] = ['ES256', 'EdDSA', 'RS256'];

let tenant: Tenant;
beforeAll(async () => {
  tenant = await openTenant({ sqlite: ':memory:' });
});
afterAll(async () => {
  await tenant.ceremonies.flush();
  await tenant.store.destroy();
});

const by = () => ({ actor: 'admin-socket', correlationId: randomUUID() });
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof TenantError ? error.code : String(error)),
  );

async function register(key: TestKey, flags: number) {
  const userPrincipalName = `${randomUUID()}@example.com`;
  await createUser(tenant, by(), { userPrincipalName });
  const publicKey = await registrationOptions(tenant, by(), userPrincipalName);
  const credential = key.create({ publicKey, origin: ORIGIN }, { flags: flags | FLAG.AT });
  const code = await codeOf(registerKey(tenant, by(), userPrincipalName, { displayName: 'k', credential }));
  return { code, userPrincipalName };
}

function signIn(key: TestKey, flags: number, counter?: number) {
  const nonce = randomUUID();
  const purpose = { purpose: 'registration', nonce } as const;
  const faults = { flags, ...(counter !== undefined && { counter }) };
  const assertion = key.assert(assertionChallenge(purpose), faults);
  const proven = verifyAssertion(tenant, by(), { assertion, purpose, nonces: [] }, () => {});
  return codeOf(proven.then(({ accept }) => accept(async () => ({ result: undefined, events: [] }))));
}

/** A passkey that is not eligible cannot be backed up (section 6.1.3). */
const isPossible = (flags: number) => (flags & FLAG.BS) === 0 || (flags & FLAG.BE) !== 0;
const isVerified = (flags: number) => (flags & FLAG.UP) !== 0 && (flags & FLAG.UV) !== 0;

const someFlags = fc
  .tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean())
  .map(
    ([up, uv, be, bs]) => (up ? FLAG.UP : 0) | (uv ? FLAG.UV : 0) | (be ? FLAG.BE : 0) | (bs ? FLAG.BS : 0),
  );

test('a registration holds with user verification and possible backup flags, whatever the algorithm', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ALGORITHMS), someFlags, async (algorithm, flags) => {
      const { code, userPrincipalName } = await register(new TestKey(OTHER_AAGUID, algorithm), flags);
      const expected = isVerified(flags) && isPossible(flags) ? 'done' : 'registration-invalid';
      expect(code, `${algorithm} ${flags.toString(2)}`).toBe(expected);
      if (expected === 'done') {
        const type = flags & FLAG.BE ? 'synced' : 'deviceBound';
        expect(await listKeys(tenant, userPrincipalName)).toMatchObject([{ passkeyType: type }]);
      }
    }),
    { numRuns: 60 },
  );
});

test('then a sign-in holds with user verification, the same eligibility, and a counter that rises', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...ALGORITHMS),
      fc.boolean(),
      fc.array(fc.tuple(someFlags, fc.integer({ min: -1, max: 3 })), { minLength: 1, maxLength: 6 }),
      async (algorithm, eligible, signIns) => {
        const key = new TestKey(OTHER_AAGUID, algorithm);
        const fixed = FLAG.UP | FLAG.UV | (eligible ? FLAG.BE : 0);
        expect((await register(key, fixed)).code).toBe('done');
        let stored = key.counter;
        for (const [flags, step] of signIns) {
          const code = await signIn(key, flags, stored + step);
          const same = (flags & FLAG.BE) === (fixed & FLAG.BE) && isPossible(flags);
          const expected = !isVerified(flags)
            ? 'assertion-invalid'
            : !same
              ? 'key-unknown'
              : step > 0
                ? 'done'
                : 'key-counter-regressed';
          expect(code, `${algorithm} ${flags.toString(2)} ${step}`).toBe(expected);
          if (code === 'done') stored += step;
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('user handles are 32 random bytes, each of its own', async () => {
  const handles = await tenant.store.selectFrom('users').select('user_handle').execute();
  const lengths = handles.map((row) => Buffer.from(row.user_handle, 'base64url').length);
  expect(new Set(lengths)).toEqual(new Set([32]));
  expect(new Set(handles.map((row) => row.user_handle)).size).toBe(handles.length);
});
