/** GSS-API and SPNEGO against MIT's library in both roles: signed, sealed, DCE style, and tokens out of order. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AcceptOptions,
  type Credentials,
  DCE_TOKEN_LENGTH,
  decodeKeytab,
  encodeCcache,
  GSS_FLAG,
  type GssContext,
  type GssParty,
  type InitiatorOptions,
  Key,
  krb5Acceptor,
  krb5Initiator,
  principal,
  principalText,
  ReplayCache,
  realmTransport,
  requestTgt,
  requestTicket,
  spnegoAcceptor,
  spnegoInitiator,
} from '@kennel/kerberos';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { GssapiPeer } from '../support/gssapi-peer.ts';
import { type MitKdc, startMitKdc } from '../support/mit-kdc.ts';
import { missing, withPeers } from '../support/peers.ts';

const PEERS = ['mitKdc', 'gssapi'] as const;
const REALM = 'A.TEST';
const SERVICE = 'host/web.a.test';
const PROTECTED = [
  'mutual_authentication',
  'replay_detection',
  'out_of_sequence_detection',
  'confidentiality',
];
const data = Buffer.from('thirty-seven bytes of application dat');

let kdc: MitKdc;
let credentials: Credentials;
let acceptOptions: AcceptOptions;
let env: Record<string, string>;
const peers: GssapiPeer[] = [];

beforeAll(async () => {
  if (missing(PEERS).length > 0) return;
  kdc = await startMitKdc([
    { realm: REALM, setup: ['addprinc -pw secret alice', `addprinc -randkey ${SERVICE}`] },
  ]);
  const keytab = join(kdc.dir, 'service.keytab');
  await kdc.kadmin(REALM, `ktadd -k ${keytab} ${SERVICE}`);
  const transport = realmTransport({ known: { [REALM]: [kdc] } });
  const asked = { realm: REALM, transport };
  const tgt = await requestTgt({ ...asked, client: principal('alice'), secret: { password: 'secret' } });
  const ticket = await requestTicket({ ...asked, tgt: tgt.credentials, sname: principal(SERVICE, 3) });
  credentials = ticket.credentials;
  const ccache = join(kdc.dir, 'ccache');
  writeFileSync(ccache, encodeCcache({ principal: credentials.client, credentials: [tgt.credentials] }));
  env = {
    KRB5_CONFIG: kdc.krb5Conf,
    KRB5_KTNAME: `FILE:${keytab}`,
    KRB5CCNAME: `FILE:${ccache}`,
    KRB5RCACHENAME: 'none:',
  };
  const keys = decodeKeytab(readFileSync(keytab));
  acceptOptions = {
    findKey: ({ etype, kvno }) => {
      const entry = keys.find((key) => key.etype === etype && key.kvno === kvno);
      return entry && new Key(entry.etype, entry.key);
    },
    now: new Date(),
    replays: new ReplayCache(),
  };
});
afterEach(() => {
  for (const peer of peers.splice(0)) peer.close();
});
afterAll(() => kdc?.stop());

function peer(): GssapiPeer {
  const one = new GssapiPeer(env);
  peers.push(one);
  return one;
}

type Mech = 'krb5' | 'spnego';
interface Pair {
  ours: GssContext;
  theirs: GssapiPeer;
  key: Buffer;
  legs: number;
}

/** Our initiator and MIT's acceptor. */
async function initiate(mech: Mech, options: Partial<InitiatorOptions> = {}): Promise<Pair> {
  const theirs = peer();
  await theirs.accept();
  const start = mech === 'krb5' ? krb5Initiator : spnegoInitiator;
  const party = start(credentials, { now: new Date(), ...options });
  let { token, context } = party.step();
  for (let legs = 1; ; legs++) {
    const answer = await theirs.step(token);
    if (answer.token) ({ token, context = context } = party.step(answer.token));
    else token = undefined;
    if (answer.complete && context) return { ours: context, theirs, key: answer.key, legs };
    if (legs > 4) throw new Error('no end');
  }
}

/** MIT's initiator and our acceptor. */
async function accept(mech: Mech, flags: readonly string[]): Promise<Pair> {
  const theirs = peer();
  await theirs.initiate(mech, `${SERVICE}@${REALM}`, flags);
  const party: GssParty = (mech === 'krb5' ? krb5Acceptor : spnegoAcceptor)({
    ...acceptOptions,
    now: new Date(),
  });
  let answer = await theirs.step();
  for (let legs = 1; ; legs++) {
    const { token, context } = answer.token ? party.step(answer.token) : {};
    if (token) answer = await theirs.step(token);
    if (context && answer.complete) return { ours: context, theirs, key: answer.key, legs };
    if (legs > 4) throw new Error('no end');
  }
}

/** Messages both ways, sealed, signed and of every length, and the same key on both sides. */
async function talk({ ours, theirs, key }: Pair): Promise<void> {
  expect(Buffer.from(ours.sessionKey.value).equals(key)).toBe(true);
  expect(principalText(ours.client.name)).toBe('alice');
  for (const message of [Buffer.alloc(0), Buffer.from('x'), data, Buffer.alloc(70_000, 'y')])
    for (const sealed of [true, false]) {
      expect(await theirs.unwrap(ours.wrap(message, { seal: sealed }))).toEqual({ data: message, sealed });
      expect(ours.unwrap(await theirs.wrap(message, sealed))).toEqual({ data: message, sealed });
    }
  await theirs.verify(ours.getMic(data), data);
  ours.verifyMic(await theirs.mic(data), data);
}

describe.each(['krb5', 'spnego'] as const)('%s', (mech) => {
  const it = withPeers(...PEERS);

  it('our initiator with mutual authentication, and without', async () => {
    await talk(await initiate(mech));
    const oneWay = await initiate(mech, { mutual: false });
    expect(oneWay.ours.flags & GSS_FLAG.MUTUAL).toBe(0);
    await talk(oneWay);
  });

  it('our acceptor with mutual authentication, and without', async () => {
    const mutual = await accept(mech, PROTECTED);
    expect(mutual.ours.accepted?.ticket.crealm).toBe(REALM);
    await talk(mutual);
    await talk(await accept(mech, PROTECTED.slice(1)));
  });

  const rpc = [
    { data: Buffer.from('rpc header, 24 bytes....'), sealed: false },
    { data: Buffer.from('a stub that is not a multiple of the block'), sealed: true },
    { data: Buffer.from('trailer8'), sealed: false },
  ];
  /** The parts as the receiver has them: sealed ones from the wire. */
  const received = (pieces: readonly Buffer[]) =>
    rpc.map(({ sealed }, i) => ({ sealed, data: pieces[i] ?? Buffer.alloc(0) }));

  it.each(['initiator', 'acceptor'] as const)(
    'DCE style, ours the %s: three legs, header and trailer signed, the stub sealed',
    async (role) => {
      const pair =
        role === 'initiator'
          ? await initiate(mech, { dceStyle: true })
          : await accept(mech, [...PROTECTED, 'dce_style']);
      const { ours, theirs, key } = pair;
      expect(pair.legs).toBe(2);
      expect(ours.dceStyle).toBe(true);
      expect(Buffer.from(ours.sessionKey.value).equals(key)).toBe(true);

      const sent = ours.wrapParts(rpc);
      expect(sent.token).toHaveLength(DCE_TOKEN_LENGTH);
      expect(await theirs.unwrapParts(sent.token, received(sent.parts))).toEqual(
        rpc.map((part) => part.data),
      );

      const got = await theirs.wrapParts(rpc);
      expect(got.token).toHaveLength(DCE_TOKEN_LENGTH);
      expect(ours.unwrapParts(got.token, received(got.parts))).toEqual(rpc.map((part) => part.data));

      const changed = await theirs.wrapParts(rpc);
      changed.parts[0] = Buffer.from('rpc header, 25 bytes....');
      expect(() => ours.unwrapParts(changed.token, received(changed.parts))).toThrow(
        /changed|does not belong/,
      );
      await theirs.verify(ours.getMic(data), data);
    },
  );
});

describe('order', () => {
  const it = withPeers(...PEERS);

  it('a token of MIT that comes twice, early or changed is refused, and MIT refuses ours', async () => {
    const { ours, theirs } = await initiate('krb5');
    const first = await theirs.wrap(data, true);
    const second = await theirs.wrap(data, true);
    expect(() => ours.unwrap(second)).toThrow(expect.objectContaining({ code: 'out-of-sequence' }));
    ours.unwrap(first);
    expect(() => ours.unwrap(first)).toThrow(expect.objectContaining({ code: 'replayed' }));
    ours.unwrap(second);
    const third = await theirs.wrap(data, false);
    for (let at = 0; at < third.length; at++) {
      const changed = Buffer.from(third);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      expect(() => ours.unwrap(changed), `byte ${at}`).toThrow();
    }
    ours.unwrap(third);

    const mine = [ours.wrap(data), ours.wrap(data)];
    await theirs.unwrap(mine[0] ?? Buffer.alloc(0));
    await expect(theirs.unwrap(mine[0] ?? Buffer.alloc(0))).rejects.toThrow(/DuplicateTokenError/);
  });
});
