/** CTAP requests by hand: the rules that no well-behaved client would show, and a mutation test over recorded ones. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CborMap, type CborValue, cborMap, decodeCbor, encodeCbor, Members } from '../cbor.ts';
import { readInfo } from '../client/info.ts';
import { type Call, fetchToken, openPinSession, type PinSession, sendNewPin } from '../client/pin-session.ts';
import { COMMAND, STATUS } from '../registry.ts';
import { handleRequest } from './authenticator.ts';
import { type Context, Session } from './session.ts';
import { StateFile } from './state.ts';
import { mutate } from './testing.ts';
import { Vault } from './vault.ts';

const RP = 'kennel.test';
const HASH = Buffer.alloc(32, 1);
const PIN = '2580';

let home: string;
let context: Context;
let reported: unknown[];
let recorded: Uint8Array[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kennel-key-'));
  const state = new StateFile(join(home, 'key.json'));
  const key = { state, vault: new Vault(), wrongPinsInRow: 0, tokenEpoch: 0 };
  context = { key, session: new Session(), touch: async () => {} };
  reported = [];
  recorded = [];
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(home, { recursive: true });
});

const handle = (request: Uint8Array) => handleRequest(request, context, (error) => reported.push(error));
async function status(command: number, request?: CborMap): Promise<number> {
  const body = request ? encodeCbor(request) : new Uint8Array();
  return (await handle(Buffer.concat([Buffer.of(command), body])))[0] ?? -1;
}
const call: Call = async (command, request) => {
  const bytes = Buffer.concat([Buffer.of(command), request ? encodeCbor(request) : Buffer.alloc(0)]);
  recorded.push(bytes);
  const answer = await handle(bytes);
  if (answer[0] !== STATUS.OK) throw new Error(`status ${answer[0]}`);
  return new Members(answer.length === 1 ? new Map() : decodeCbor(answer.subarray(1)));
};
const info = async () => readInfo(await call(COMMAND.GET_INFO));
async function setPin(): Promise<void> {
  await sendNewPin(call, await openPinSession(call, await info()), PIN);
}
async function token(permission: number, pin = PIN): Promise<{ session: PinSession; mac: Uint8Array }> {
  const session = await openPinSession(call, await info());
  const value = await fetchToken(call, session, await info(), { pin, permission, rpId: RP });
  return { session, mac: session.protocol.authenticate(value, HASH) };
}
type Changes = readonly (readonly [number, CborValue | undefined])[];
function makeRequest(mac: Uint8Array | undefined, changes: Changes = []): CborMap {
  const request: Changes = [
    [0x01, HASH],
    [0x02, cborMap([['id', RP]])],
    [
      0x03,
      cborMap([
        ['id', Buffer.from('alice')],
        ['name', 'alice'],
      ]),
    ],
    [
      0x04,
      [
        cborMap([
          ['alg', -7],
          ['type', 'public-key'],
        ]),
      ],
    ],
    [0x07, cborMap([['rk', true]])],
    [0x08, mac],
    [0x09, 2],
  ];
  return cborMap([...new Map([...request, ...changes])]);
}
const assertRequest = (mac: Uint8Array | undefined, changes: Changes = []) =>
  cborMap([
    ...new Map<number, CborValue | undefined>([[0x01, RP], [0x02, HASH], [0x06, mac], [0x07, 2], ...changes]),
  ]);

describe('user verification', () => {
  it('is always required', async () => {
    expect(await status(COMMAND.MAKE_CREDENTIAL, makeRequest(undefined))).toBe(STATUS.PUAT_REQUIRED);
    expect(await status(COMMAND.GET_ASSERTION, assertRequest(undefined))).toBe(STATUS.PUAT_REQUIRED);
    await setPin();
    expect(await status(COMMAND.MAKE_CREDENTIAL, makeRequest(undefined))).toBe(STATUS.PUAT_REQUIRED);
    expect(await status(COMMAND.CREDENTIAL_MANAGEMENT, cborMap([[1, 1]]))).toBe(STATUS.PUAT_REQUIRED);
  });

  it('takes a token once, for its permission, RP, protocol and message', async () => {
    await setPin();
    const make = await token(0x01);
    const wrong = STATUS.PIN_AUTH_INVALID;
    expect(await status(COMMAND.GET_ASSERTION, assertRequest(make.mac))).toBe(wrong);
    const elsewhere: Changes = [[0x02, cborMap([['id', 'other.test']])]];
    expect(await status(COMMAND.MAKE_CREDENTIAL, makeRequest(make.mac, elsewhere))).toBe(wrong);
    expect(await status(COMMAND.MAKE_CREDENTIAL, makeRequest(make.mac, [[0x01, Buffer.alloc(32)]]))).toBe(
      wrong,
    );
    expect(await status(COMMAND.MAKE_CREDENTIAL, makeRequest(make.mac.subarray(0, 16), [[0x09, 1]]))).toBe(
      wrong,
    );
    expect(await status(COMMAND.MAKE_CREDENTIAL, makeRequest(make.mac, [[0x09, 3]]))).toBe(
      STATUS.INVALID_PARAMETER,
    );
    expect(await status(COMMAND.MAKE_CREDENTIAL, makeRequest(make.mac))).toBe(STATUS.OK);
    expect(await status(COMMAND.MAKE_CREDENTIAL, makeRequest(make.mac))).toBe(wrong);
  });

  it('forgets a token that was not used in 30 seconds, on another connection, or after a new PIN', async () => {
    await setPin();
    const late = await token(0x02);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 31_000);
    expect(await status(COMMAND.GET_ASSERTION, assertRequest(late.mac))).toBe(STATUS.PIN_AUTH_INVALID);
    vi.restoreAllMocks();
    const mine = await token(0x02);
    const other = { ...context, session: new Session() };
    const request = Buffer.concat([Buffer.of(COMMAND.GET_ASSERTION), encodeCbor(assertRequest(mine.mac))]);
    expect(await handleRequest(request, other, () => {})).toEqual(Buffer.of(STATUS.PIN_AUTH_INVALID));
    context.key.tokenEpoch += 1; // what changePIN and Reset on any connection do
    expect((await handle(request))[0]).toBe(STATUS.PIN_AUTH_INVALID);
  });

  it('gives no token with a permission that it does not know, or none', async () => {
    await setPin();
    const ask = (permissions: number | undefined, rpId: string | undefined) =>
      status(
        COMMAND.CLIENT_PIN,
        cborMap([
          [1, 2],
          [2, 9],
          [9, permissions],
          [10, rpId],
        ]),
      );
    expect(await ask(undefined, RP)).toBe(STATUS.MISSING_PARAMETER);
    expect(await ask(0, RP)).toBe(STATUS.INVALID_PARAMETER);
    expect(await ask(0x10, RP)).toBe(STATUS.UNAUTHORIZED_PERMISSION);
    expect(await ask(0x01, undefined)).toBe(STATUS.MISSING_PARAMETER);
    expect(
      await status(
        COMMAND.CLIENT_PIN,
        cborMap([
          [1, 2],
          [2, 5],
          [9, 1],
        ]),
      ),
    ).toBe(STATUS.INVALID_PARAMETER);
    expect(
      await status(
        COMMAND.CLIENT_PIN,
        cborMap([
          [1, 2],
          [2, 7],
        ]),
      ),
    ).toBe(STATUS.INVALID_SUBCOMMAND);
  });
});

it('spends a try on disk before it compares, and renews the key agreement after a wrong PIN', async () => {
  await setPin();
  const session = await openPinSession(call, await info());
  const before = context.session.keyAgreement;
  let onDisk: unknown;
  vi.spyOn(context.key.vault, 'verify').mockImplementation(async () => {
    onDisk = JSON.parse(readFileSync(join(home, 'key.json'), 'utf8')).state.pinRetries;
    return false;
  });
  const grant = { pin: PIN, permission: 2, rpId: RP };
  await expect(fetchToken(call, session, await info(), grant)).rejects.toThrow(
    `status ${STATUS.PIN_INVALID}`,
  );
  expect(onDisk).toBe(7);
  expect(context.session.keyAgreement).not.toBe(before);
});

it('has a counter on disk that is never behind a signature', async () => {
  await setPin();
  await call(COMMAND.MAKE_CREDENTIAL, makeRequest((await token(0x01)).mac));
  const answer = await call(COMMAND.GET_ASSERTION, assertRequest((await token(0x02)).mac));
  const signed = Buffer.from(answer.bytes(0x02) ?? '').readUInt32BE(33);
  expect(JSON.parse(readFileSync(join(home, 'key.json'), 'utf8')).state.signatureCounter).toBe(signed);
});

it('refuses options that it cannot carry out', async () => {
  await setPin();
  const make = (changes: Changes) => status(COMMAND.MAKE_CREDENTIAL, makeRequest(undefined, changes));
  const get = (changes: Changes) => status(COMMAND.GET_ASSERTION, assertRequest(undefined, changes));
  expect(await make([[0x07, cborMap([['uv', true]])]])).toBe(STATUS.INVALID_OPTION);
  expect(await make([[0x07, cborMap([['up', false]])]])).toBe(STATUS.INVALID_OPTION);
  expect(await make([[0x0a, 1]])).toBe(STATUS.INVALID_PARAMETER);
  expect(await make([[0x06, cborMap([['credProtect', 4]])]])).toBe(STATUS.INVALID_OPTION);
  expect(await make([[0x01, Buffer.alloc(31)]])).toBe(STATUS.INVALID_LENGTH);
  expect(await get([[0x05, cborMap([['rk', true]])]])).toBe(STATUS.UNSUPPORTED_OPTION);
  expect(await make([[0x08, Buffer.alloc(0)]])).toBe(STATUS.PIN_INVALID); // the touch-me probe
  expect(await status(COMMAND.GET_NEXT_ASSERTION)).toBe(STATUS.NOT_ALLOWED);
  expect(await status(0x0c)).toBe(STATUS.INVALID_COMMAND);
  expect((await handle(Buffer.alloc(0)))[0]).toBe(STATUS.INVALID_LENGTH);
});

it('asks silently only for what credProtect lets it see', async () => {
  await setPin();
  const silent = async (id?: Uint8Array) => {
    const allow = id && [
      cborMap([
        ['id', id],
        ['type', 'public-key'],
      ]),
    ];
    return status(
      COMMAND.GET_ASSERTION,
      assertRequest(undefined, [
        [0x03, allow],
        [0x05, cborMap([['up', false]])],
      ]),
    );
  };
  const make = async (level: number) => {
    const request = makeRequest((await token(0x01)).mac, [[0x06, cborMap([['credProtect', level]])]]);
    const data = Buffer.from((await call(COMMAND.MAKE_CREDENTIAL, request)).bytes(0x02) ?? '');
    return data.subarray(55, 55 + 32);
  };
  expect(await silent(await make(1))).toBe(STATUS.OK);
  const second = await make(2);
  expect(await silent(second)).toBe(STATUS.OK);
  expect(await silent()).toBe(STATUS.NO_CREDENTIALS);
  expect(await silent(await make(3))).toBe(STATUS.NO_CREDENTIALS);
  context.key.vault.lock();
  expect(await silent(second)).toBe(STATUS.PUAT_REQUIRED);
});

it('holds a hundred credentials and no more', async () => {
  await setPin();
  await call(COMMAND.MAKE_CREDENTIAL, makeRequest((await token(0x01)).mac));
  const [one] = context.key.state.current.credentials;
  if (one === undefined) throw new Error('no credential');
  const credentials = Array.from({ length: 100 }, (_, n) => ({ ...one, userHandle: `user${n}` }));
  context.key.state.update({ credentials });
  expect(await status(COMMAND.MAKE_CREDENTIAL, makeRequest((await token(0x01)).mac))).toBe(
    STATUS.KEY_STORE_FULL,
  );
});

it('does not sign for another site when its file was edited', async () => {
  await setPin();
  await call(COMMAND.MAKE_CREDENTIAL, makeRequest((await token(0x01)).mac, [[0x02, cborMap([['id', RP]])]]));
  const credentials = context.key.state.current.credentials.map((one) => ({ ...one, rpId: 'bank.test' }));
  context.key.state.update({ credentials });
  const silent = assertRequest(undefined, [
    [0x01, 'bank.test'],
    [0x05, cborMap([['up', false]])],
  ]);
  expect(await status(COMMAND.GET_ASSERTION, silent)).toBe(STATUS.OTHER);
  expect(reported).toHaveLength(1);
});

describe('malformed requests', () => {
  it('get a CTAP status, whatever was done to recorded ones', async () => {
    await setPin();
    await call(COMMAND.MAKE_CREDENTIAL, makeRequest((await token(0x01)).mac));
    await call(COMMAND.GET_ASSERTION, assertRequest((await token(0x02)).mac));
    const corpus = [...recorded];
    const known: readonly number[] = Object.values(STATUS);
    const mutation = fc.record({
      at: fc.nat(400),
      byte: fc.nat(255),
      how: fc.constantFrom('set', 'cut', 'insert', 'drop'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(corpus.length - 1),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        async (n, all) => {
          const answer = await handle(all.reduce(mutate, corpus[n] ?? new Uint8Array()));
          expect(known).toContain(answer[0]);
          expect(answer[0]).not.toBe(STATUS.OTHER);
          if (answer.length > 1) decodeCbor(answer.subarray(1));
        },
      ),
      { seed: 20_26, numRuns: 3_000 },
    );
    expect(reported).toEqual([]);
    expect(await status(COMMAND.GET_INFO)).toBe(STATUS.OK);
  });
});
