/** Assertions with a changed byte, against a running tenant. */
import { assertionChallenge, CLIENT_IDS, DRS_RESOURCE, GRANT_TYPES } from '@kennel/prt';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import { enrol, startWorld, type World } from '../../test/world.ts';

let world: World;
let key: TestKey;
beforeAll(async () => {
  world = await startWorld();
  ({ key } = await enrol(world));
});
afterAll(() => world.close());

async function send(change: (assertion: ReturnType<TestKey['assert']>) => ReturnType<TestKey['assert']>) {
  const nonce = await world.nonce();
  const assertion = key.assert(assertionChallenge({ purpose: 'registration', nonce }));
  const form = { nonce, resource: DRS_RESOURCE, client_id: CLIENT_IDS.broker };
  return world.form({ grant_type: GRANT_TYPES.fido2, assertion: JSON.stringify(change(assertion)), ...form });
}

test('any changed byte of an assertion, and it is refused', async () => {
  expect((await send((assertion) => assertion)).status).toBe(200);
  const members = ['id', 'clientDataJSON', 'authenticatorData', 'signature', 'userHandle'] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...members),
      fc.nat(1000),
      fc.integer({ min: 1, max: 255 }),
      async (member, position, by) => {
        const answer = await send((assertion) => {
          const bytes = Buffer.from(assertion[member], 'base64url');
          const at = position % bytes.length;
          bytes.writeUInt8((bytes[at] ?? 0) ^ by, at);
          return { ...assertion, [member]: bytes.toString('base64url') };
        });
        return answer.status === 400;
      },
    ),
    { numRuns: 300 },
  );
  expect((await send((assertion) => assertion)).status).toBe(200);
});
