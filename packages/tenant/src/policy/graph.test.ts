/** The default policy in the shape of the Graph. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../../test/world.ts';

const BLUE = '2fc0579f-8113-47ea-b116-bb5a8db9202a';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test('the default is seen and changed in the shape of the Graph', async () => {
  const { keyPolicies } = world.admin;
  expect(await keyPolicies.graph()).toEqual({
    '@odata.type': '#microsoft.graph.fido2AuthenticationMethodConfiguration',
    id: 'Fido2',
    state: 'enabled',
    isAttestationEnforced: false,
    isSelfServiceRegistrationAllowed: true,
    keyRestrictions: { isEnforced: false, enforcementType: 'allow', aaGuids: [] },
    includeTargets: [{ targetType: 'group', id: 'all_users', isRegistrationRequired: false }],
    excludeTargets: [],
  });
  const changed = await keyPolicies.changeGraph({
    isAttestationEnforced: true,
    keyRestrictions: { isEnforced: true, aaGuids: [BLUE] },
  });
  expect(changed.keyRestrictions).toEqual({ isEnforced: true, enforcementType: 'allow', aaGuids: [BLUE] });
  expect(await keyPolicies.show('default')).toMatchObject({
    attestationEnforced: true,
    passkeyTypes: ['deviceBound', 'synced'],
  });
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
    event: 'policy.updated',
    subject: expect.stringContaining('"attestationEnforced":true'),
  });
  for (const wrong of [
    { state: 'disabled' },
    { isAttestationEnforced: 'no' },
    { userVerification: 'discouraged' },
  ]) {
    // @ts-expect-error: what another client might send
    await expect(keyPolicies.changeGraph(wrong)).rejects.toMatchObject({ code: 'request-malformed' });
  }
});
