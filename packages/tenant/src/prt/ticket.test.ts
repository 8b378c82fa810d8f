/** A PRT without a ticket: why there is none, said to the user, the client and the audit. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import {
  CORP,
  enrol,
  joinDevice,
  signIn,
  startWorld,
  type TestDevice,
  type World,
} from '../../test/world.ts';
import type { User } from '../users/schema.ts';

let world: World;
let user: User;
let key: TestKey;
let device: TestDevice;
beforeAll(async () => {
  world = await startWorld();
  await world.admin.kerberosDomains.publish(CORP);
  ({ user, key } = await enrol(world));
  device = await joinDevice(world, key);
});
afterAll(() => world.close());

test('without a usable domain the PRT is given, and says why there is no ticket', async () => {
  const cases: [string, object][] = [
    [
      'tgt-no-on-premises-user',
      { onPremisesSecurityIdentifier: null, onPremisesSamAccountName: null, onPremisesDomainName: null },
    ],
    [
      'tgt-no-kerberos-domain',
      {
        onPremisesSecurityIdentifier: `S-1-5-21-9-9-9-7`,
        onPremisesSamAccountName: 'x',
        onPremisesDomainName: 'other.example',
      },
    ],
    [
      'tgt-protected-account',
      {
        onPremisesSecurityIdentifier: `${CORP.domainSid}-500`,
        onPremisesSamAccountName: 'x',
        onPremisesDomainName: 'corp.example.com',
      },
    ],
    ['tgt-protected-account', { onPremisesSecurityIdentifier: `${CORP.domainSid}-502` }],
  ];
  for (const [code, changes] of cases) {
    await world.admin.users.update(user.id, changes);
    const { status, json } = await signIn(world, device, key);
    expect(status).toBe(200);
    expect(json.refresh_token).toBeTruthy();
    expect(json.tgt_message_buffer).toBeUndefined();
    expect(json.tgt_error_message).toEqual(expect.any(String));
    expect(JSON.parse(json.tgt_ad).error).toBe(code);
    expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
      event: 'tgt.refused',
      reason: code,
    });
  }
});

test('a SID outside the domain is refused at the mint too, whatever the store came to hold', async () => {
  const early = { dnsName: 'late.example', domainSid: 'S-1-5-21-5-5-5', netbiosName: 'LATE' };
  await world.admin.users.update(user.id, {
    onPremisesSecurityIdentifier: 'S-1-5-21-6-6-6-1104',
    onPremisesDomainName: 'late.example',
  });
  await world.admin.kerberosDomains.publish({ ...CORP, ...early });
  const { json } = await signIn(world, device, key);
  expect(JSON.parse(json.tgt_ad).error).toBe('tgt-sid-outside-domain');
});
