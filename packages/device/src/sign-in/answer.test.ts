/** The tenant's answer under random damage: it is opened, or refused as a DeviceError, and nothing else happens. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProxy } from '../../test/proxy.ts';
import { startWorld, type World } from '../../test/world.ts';
import { DeviceError } from '../errors/device-error.ts';
import { keysOf, readDevice } from '../state/device.ts';
import { prtAnswer } from '../tenant/messages.ts';
import { type OpenedAnswer, openAnswer, underTransportKey } from './answer.ts';

let world: World;
let recorded = '';
let open: (text: string) => Promise<OpenedAnswer | undefined>;
beforeAll(async () => {
  world = await startWorld();
  const proxy = await startProxy(world);
  const at = await world.join('recorded');
  proxy.intercept(at.stateDir);
  proxy.alterPrt = (text) => {
    recorded = text;
    return text;
  };
  await world.signIn(at);
  await proxy.close();
  const device = readDevice(at.stateDir);
  const { transport } = keysOf(at.stateDir, device);
  open = async (text) => {
    const { data } = prtAnswer.safeParse(JSON.parse(text));
    return (
      data &&
      openAnswer(data, underTransportKey(transport), { endpoint: 'https://x', tenantId: device.tenant.id })
    );
  };
});
afterAll(() => world.close());

/** The members whose damage can be seen; `refresh_token` and the like are opaque here. */
const MEMBERS = ['session_key_jwe', 'id_token', 'tgt_client_key', 'tgt_message_buffer', 'tgt_ad'];

test('the recorded answer opens', async () => {
  const opened = await open(recorded);
  expect(opened?.user.upn).toBe('alice@corp.example.com');
  expect(opened?.sessionKey).toHaveLength(32);
  expect(opened?.partialTgt).not.toBeInstanceOf(Error);
  // It came under true GCM, as asked for: an IV of 12 bytes.
  expect(Buffer.from(JSON.parse(recorded).tgt_client_key.split('.')[2], 'base64url')).toHaveLength(12);
});

test('a damaged member is refused, or makes no difference', async () => {
  const damage = fc.record({
    member: fc.constantFrom(...MEMBERS),
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    how: fc.constantFrom('cut', 'drop', 'insert', 'change'),
    letter: fc.constantFrom('A', '.', '"', '{', '=', '0', 'é', '\u0000'),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ member, at, how, letter }) => {
      const json = JSON.parse(recorded);
      const text: string = json[member];
      const place = Math.floor(at * text.length);
      const rest = text.slice(place + (how === 'insert' ? 0 : 1));
      json[member] = text.slice(0, place) + (how === 'cut' ? '' : (how === 'drop' ? '' : letter) + rest);
      try {
        // The same ticket twice over: damage to one of them must not go unseen.
        const opened = await open(JSON.stringify(json));
        if (opened && json[member] !== text && member.startsWith('tgt_')) {
          expect(opened.partialTgt).toHaveProperty('credentials.client.realm', 'CORP.EXAMPLE.COM');
        }
      } catch (error) {
        expect(error).toBeInstanceOf(DeviceError);
        expect(error).toMatchObject({ details: { endpoint: 'https://x' } });
        expect((error as DeviceError).message).not.toContain(text.slice(0, 40)); // nothing of the answer is quoted
      }
    }),
    { seed: 20_260_701, numRuns: 600 },
  );
});

test('nothing of a PRT, a session key or a client key stands in the state', async () => {
  const opened = await open(recorded);
  if (opened === undefined || opened.partialTgt instanceof DeviceError) throw new Error('no ticket');
  const stateDir = world.device('recorded').stateDir;
  const files = ['device.json', 'attempt.json', 'users/alice%40corp.example.com.json'];
  const state = files.map((name) => readFileSync(join(stateDir, name), 'utf8')).join('');
  for (const secret of [opened.sessionKey, opened.partialTgt.message.clientKey, Buffer.from(opened.prt)]) {
    for (const encoding of ['latin1', 'hex', 'base64', 'base64url'] as const) {
      expect(state).not.toContain(Buffer.from(secret).toString(encoding));
    }
  }
});
