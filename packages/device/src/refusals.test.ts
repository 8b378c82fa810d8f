/** What is refused, by whom, and under which name: the tenant, the domain controller, and what stands between. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { claims, type SpoilingProxy, startProxy } from '../test/proxy.ts';
import { contents, failing, startWorld, type World } from '../test/world.ts';
import { fetchTickets, readStatus } from './index.ts';

let world: World;
let proxy: SpoilingProxy;
/** A device behind the proxy. */
let signedIn: { stateDir: string; ccache: string };
beforeAll(async () => {
  world = await startWorld();
  proxy = await startProxy(world);
  signedIn = await world.join('signed-in');
  proxy.intercept(signedIn.stateDir);
  await world.signIn(signedIn);
});
afterEach(() => {
  proxy.reset();
});
afterAll(async () => {
  await proxy.close();
  await world.close();
});

test('what the tenant and the domain controller refuse has a name and a next step', async () => {
  const { directory } = world.domain;
  const bob = await world.enrol('bob');
  const at = await world.join('refusals');
  const asBob = { key: bob.key };
  const refusedBy = async (code: string) => {
    await expect(world.signIn(at, asBob)).rejects.toThrow(failing(code));
  };
  const withoutTicket = async (code: string) => {
    expect((await world.signIn(at, asBob)).ticket).toMatchObject({ state: 'none', code });
  };
  directory.setUser('bob', { enabled: false });
  await withoutTicket('dc-account-disabled');
  directory.setUser('bob', { enabled: true, lockedOut: true });
  await withoutTicket('dc-account-locked');
  directory.setUser('bob', { lockedOut: false, mustChangePassword: true });
  await withoutTicket('dc-password-must-change');
  directory.setUser('bob', { mustChangePassword: false, expiresAt: new Date(Date.now() - 1000) });
  await withoutTicket('dc-account-expired');
  directory.setUser('bob', { expiresAt: new Date(Date.now() + 86_400_000), primaryGroup: 514 });
  await withoutTicket('dc-denied');
  directory.setUser('bob', { primaryGroup: 513 });
  expect(await fetchTickets({ stateDir: at.stateDir, user: 'BOB@corp.example.com' })).toMatchObject({
    state: 'full',
  });

  const [device] = (await world.admin.devices.list()).filter(({ displayName }) => displayName === 'refusals');
  await world.admin.devices.disable(device?.id ?? '');
  await refusedBy('device-disabled');
  await world.admin.devices.enable(device?.id ?? '');
  await world.admin.users.disable('bob@corp.example.com');
  await refusedBy('user-disabled');
  await world.admin.users.enable('bob@corp.example.com');
  await world.admin.users.update('bob@corp.example.com', {
    onPremisesSecurityIdentifier: null,
    onPremisesSamAccountName: null,
    onPremisesDomainName: null,
  });
  await withoutTicket('no-on-premises-account');
  const [key] = await world.admin.keys.list('bob@corp.example.com');
  await world.admin.keys.remove('bob@corp.example.com', key?.id ?? '');
  await refusedBy('key-removed');
  expect(readStatus(at.stateDir)).toMatchObject({
    users: [{ upn: 'bob@corp.example.com', prt: { valid: true } }],
  });
});

/** Lets the proxy spoil a sign-in: it fails, nothing but the note of it is new, and the next one is good again. */
async function spoiled(_name: string, code: string, about: RegExp, spoil: () => void): Promise<void> {
  const at = signedIn;
  const [tokens, cache] = [contents(`${at.stateDir}/users`), contents(world.home).get(at.ccache)];
  spoil();
  await expect(world.signIn(at)).rejects.toMatchObject({
    name: 'DeviceError',
    code,
    message: expect.stringMatching(about),
    next: expect.stringMatching(/\S/),
  });
  expect(contents(`${at.stateDir}/users`)).toEqual(tokens);
  expect(contents(world.home).get(at.ccache)).toBe(cache);
  expect(readStatus(at.stateDir)).toMatchObject({
    users: [{ prt: { valid: true }, ticket: { state: 'full' } }],
    lastAttempt: { status: 'failed', code, endpoint: expect.stringContaining(proxy.url) },
  });
  proxy.reset();
  expect((await world.signIn(at)).ticket.state).toBe('full');
}

/** A change to the members of a PRT answer. */
const change = (edit: (json: Record<string, string>) => object) => () => {
  proxy.alterPrt = (text) => JSON.stringify(edit(JSON.parse(text)));
};
const changeTicket = (edit: (ticket: Record<string, unknown>) => object) =>
  change((json) => ({ ...json, tgt_ad: JSON.stringify(edit(JSON.parse(json.tgt_ad ?? ''))) }));

test.each<[string, string, RegExp, () => void]>([
  [
    'not-json',
    'tenant-answer-malformed',
    /not JSON/,
    () => {
      proxy.alterPrt = () => '<html>';
    },
  ],
  [
    'an-array',
    'tenant-answer-malformed',
    /no object/,
    () => {
      proxy.alterPrt = () => '[]';
    },
  ],
  [
    'cut-json',
    'tenant-answer-malformed',
    /not JSON/,
    () => {
      proxy.alterPrt = (text) => text.slice(0, 900);
    },
  ],
  [
    'cut-off',
    'tenant-answer-malformed',
    /cut off/,
    () => {
      proxy.cutAfter = 900;
    },
  ],
  [
    'oversized',
    'tenant-answer-malformed',
    /too large/,
    () => {
      proxy.alterPrt = (text) => text + ' '.repeat(300_000);
    },
  ],
  [
    'a-502',
    'tenant-failed',
    /HTTP 502/,
    () => {
      proxy.status = 502;
      proxy.alterPrt = () => 'Bad Gateway';
    },
  ],
  [
    'without-a-token',
    'tenant-answer-malformed',
    /refresh_token/,
    change(({ refresh_token: _, ...rest }) => rest),
  ],
  [
    'strange-numbers',
    'tenant-answer-malformed',
    /expires_on/,
    change((json) => ({ ...json, expires_on: '1e99' })),
  ],
  [
    'old-session-key',
    'tenant-answer-malformed',
    /decryption-failed/,
    change((json) => ({ ...json, session_key_jwe: proxy.lastSessionKey })),
  ],
  [
    'foreign-session-key',
    'tenant-answer-foreign',
    /not made for this device/,
    change((json) => ({ ...json, session_key_jwe: proxy.foreignSessionKey })),
  ],
  [
    'no-session-key',
    'tenant-answer-malformed',
    /malformed-jwe/,
    change((json) => ({ ...json, session_key_jwe: 'a.b.c' })),
  ],
  [
    'two-tickets',
    'tenant-answer-malformed',
    /different tickets/,
    change((json) => ({ ...json, tgt_message_buffer: 'AAAA' })),
  ],
  [
    'two-client-keys',
    'tenant-answer-malformed',
    /different tickets/,
    change((json) => ({ ...json, tgt_client_key: json.session_key_jwe })),
  ],
  [
    'ticket-and-error',
    'tenant-answer-malformed',
    /different tickets/,
    changeTicket((ad) => ({ ...ad, error: 'tgt-mint-failed' })),
  ],
  [
    'ticket-only-beside',
    'tenant-answer-malformed',
    /different tickets/,
    changeTicket((ad) => ({ ...ad, messageBuffer: '' })),
  ],
  [
    'other-realm',
    'tenant-answer-malformed',
    /another user or realm/,
    changeTicket((ad) => ({ ...ad, realm: 'OTHER.EXAMPLE' })),
  ],
  [
    'other-user',
    'tenant-answer-malformed',
    /another user or realm/,
    changeTicket((ad) => ({ ...ad, cn: 'bob' })),
  ],
  [
    'no-message',
    'tenant-answer-malformed',
    /tgt_ad cannot be read/,
    change((json) => ({ ...json, tgt_ad: '{"clientKey":' })),
  ],
  [
    'broken-ticket',
    'tenant-answer-malformed',
    /partial TGT/,
    change(({ tgt_client_key: _1, tgt_key_type: _2, tgt_message_buffer: _3, ...json }) => ({
      ...json,
      tgt_ad: (json.tgt_ad ?? '').replace(/"messageBuffer":"..../, '"messageBuffer":"AAAA'),
    })),
  ],
  [
    'other-tenant',
    'tenant-answer-malformed',
    /another tenant/,
    change((json) => ({ ...json, id_token: claims(json.id_token, { tid: crypto.randomUUID() }) })),
  ],
  [
    'other-client',
    'tenant-answer-malformed',
    /another client/,
    change((json) => ({ ...json, id_token: claims(json.id_token, { aud: 'someone' }) })),
  ],
  [
    'no-user',
    'tenant-answer-malformed',
    /no user/,
    change((json) => ({ ...json, id_token: claims(json.id_token, { upn: 'a\nb' }) })),
  ],
  [
    'replayed',
    'nonce-replayed',
    /used once/,
    () => {
      proxy.sendTwice = true;
    },
  ],
  [
    'foreign-nonce',
    'nonce-unknown',
    /did not issue/,
    () => {
      proxy.nonce = Buffer.alloc(55, 7).toString('base64url');
    },
  ],
])('a sign-in over %s fails with %s and leaves the tokens of before', spoiled);

test('a refusal in a shape of another server is told in its own words, on one line', async () => {
  const at = await world.join('words');
  proxy.intercept(at.stateDir);
  proxy.status = 400;
  const description = 'No\u001b[31m such\r\nthing';
  proxy.alterPrt = () =>
    JSON.stringify({ error: 'invalid_grant', error_description: description, suberror: 'brand-new' });
  await expect(world.signIn(at)).rejects.toMatchObject({
    code: 'tenant-refused',
    message: expect.stringMatching(/\(No \[31m such thing\)/),
  });
});

test('a tenant that sends only the documented members, or only tgt_ad, is understood', async () => {
  const at = await world.join('spellings');
  proxy.intercept(at.stateDir);
  change(({ tgt_ad: _, ...rest }) => rest)();
  expect((await world.signIn(at)).ticket.state).toBe('full');
  change(({ tgt_client_key: _1, tgt_key_type: _2, tgt_message_buffer: _3, ...rest }) => rest)();
  expect((await world.signIn(at)).ticket.state).toBe('full');
  change(({ tgt_ad: _0, tgt_client_key: _1, tgt_key_type: _2, tgt_message_buffer: _3, ...rest }) => rest)();
  expect((await world.signIn(at)).ticket).toMatchObject({ state: 'none', code: 'ticket-not-offered' });
  change(({ tgt_client_key: _1, tgt_key_type: _2, tgt_message_buffer: _3, ...rest }) => ({
    ...rest,
    tgt_ad: undefined,
    tgt_error_message: 'Come back on Monday.',
  }))();
  expect((await world.signIn(at)).ticket).toMatchObject({
    code: 'ticket-not-made',
    message: expect.stringMatching(/Monday/),
  });
});
