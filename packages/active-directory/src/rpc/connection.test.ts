/** The RPC client: fragments both ways, faults, and servers that cheat, stall or ramble. */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { listenRpc, type RpcServerOptions, ticketForServer } from '../../test/rpc-server.ts';
import { RpcConnection } from './connection.ts';
import { kerberosSecurity } from './kerberos-security.ts';
import { PDU } from './pdu.ts';
import { SYNTAX } from './syntax.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const code = (wanted: string) => expect.objectContaining({ code: wanted });
async function connect(options: RpcServerOptions, sealed: boolean, timeout = 2_000): Promise<RpcConnection> {
  const server = await listenRpc(options);
  open.push(server);
  const now = new Date();
  const security = sealed ? kerberosSecurity(ticketForServer(now), { now }) : undefined;
  const address = { host: '127.0.0.1', port: server.port };
  const rpc = await RpcConnection.open(address, SYNTAX.DRSUAPI, { security, timeout });
  open.push(rpc);
  return rpc;
}
const status = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value);
  return bytes;
};

describe.each([
  ['in clear', false],
  ['sealed', true],
])('a connection %s', (_, sealed) => {
  it('sends and takes stubs of any length, in fragments', async () => {
    let sent = 0;
    const rpc = await connect(
      {
        maxReceive: 2048,
        handle(peer) {
          sent = peer.fragments;
          for (let at = 0; at < peer.stub.length || at === 0; at += 1000) {
            const flags = (at === 0 ? 1 : 0) | (at + 1000 >= peer.stub.length ? 2 : 0);
            peer.socket.write(peer.response(peer.stub.subarray(at, at + 1000), flags));
          }
        },
      },
      sealed,
    );
    for (const length of [0, 1, 15, 16, 1919, 1920, 1921, 2024, 9999]) {
      const stub = randomBytes(length);
      expect(await rpc.call(7, stub)).toEqual(stub);
      expect(sent).toBe(Math.max(1, Math.ceil(length / (sealed ? 1936 : 2016))));
    }
  });

  it('tells faults apart, sealed or not, and stays open', async () => {
    const rpc = await connect(
      {
        handle: (peer) =>
          peer.socket.write(peer.response(status(peer.opnum === 1 ? 5 : 0x1c010002), 3, PDU.FAULT)),
      },
      sealed,
    );
    await expect(rpc.call(1, Buffer.alloc(4))).rejects.toThrow(code('access-denied'));
    await expect(rpc.call(2, Buffer.alloc(4))).rejects.toThrow(/does not know the call/);
  });

  it('gives up when nothing comes, and when the server hangs up', async () => {
    const silent = await connect({ handle: () => undefined }, sealed, 150);
    await expect(silent.call(0, Buffer.alloc(4))).rejects.toThrow(code('dc-timeout'));
    const gone = await connect({ handle: (peer) => peer.socket.destroy() }, sealed);
    await expect(gone.call(0, Buffer.alloc(4))).rejects.toThrow(code('dc-unreachable'));
  });

  it('gives up when the answer comes by drops', async () => {
    let drops: NodeJS.Timeout | undefined;
    const rpc = await connect(
      {
        handle(peer) {
          let first = true;
          drops = setInterval(() => {
            peer.socket.write(peer.response(Buffer.alloc(16), first ? 1 : 0));
            first = false;
          }, 40);
        },
      },
      sealed,
      300,
    );
    await expect(rpc.call(0, Buffer.alloc(4))).rejects.toThrow(code('dc-timeout'));
    clearInterval(drops);
  });

  it('takes no endless answer, no other call and no other message', async () => {
    const endless = await connect(
      {
        handle(peer) {
          for (let i = 0; i < 900; i++) peer.socket.write(peer.response(Buffer.alloc(5000), i === 0 ? 1 : 0));
        },
      },
      sealed,
      20_000,
    );
    await expect(endless.call(0, Buffer.alloc(4))).rejects.toThrow(code('rpc-malformed'));
    for (const [at, value] of [
      [12, 99],
      [2, PDU.BIND],
      [0, 4],
      [9, 0xff],
    ] as const) {
      const rpc = await connect(
        {
          handle(peer) {
            const answer = peer.response(peer.stub);
            answer[at] = value;
            peer.socket.write(answer);
          },
        },
        sealed,
      );
      await expect(rpc.call(0, Buffer.alloc(4))).rejects.toThrow(code('rpc-malformed'));
    }
  });
});

describe('a sealed connection', () => {
  it('refuses an answer in clear', async () => {
    const rpc = await connect(
      {
        handle({ socket, callId, stub }) {
          const answer = Buffer.concat([Buffer.alloc(24), stub]);
          answer.set([5, 0, PDU.RESPONSE, 3, 0x10]);
          answer.writeUInt16LE(answer.length, 8);
          answer.writeUInt32LE(callId, 12);
          socket.write(answer);
        },
      },
      true,
    );
    await expect(rpc.call(0, Buffer.alloc(4))).rejects.toThrow(code('dc-not-trusted'));
  });

  it.each([
    ['the header', 16, 'integrity-check-failed'],
    ['the stub', 24, 'integrity-check-failed'],
    ['the padding length', -82, 'integrity-check-failed'],
    ['the level', -83, 'dc-not-trusted'],
    ['the HMAC', -20, 'integrity-check-failed'],
  ])('refuses an answer with %s changed', async (_, at, wanted) => {
    const rpc = await connect(
      {
        handle(peer) {
          const answer = peer.response(peer.stub);
          const index = at < 0 ? answer.length + at : at;
          answer[index] = (answer[index] ?? 0) ^ 1;
          peer.socket.write(answer);
        },
      },
      true,
    );
    await expect(rpc.call(0, Buffer.alloc(20))).rejects.toThrow(code(wanted));
    await expect(rpc.call(0, Buffer.alloc(20))).rejects.toThrow(code('dc-unreachable'));
  });

  it('refuses the same answer twice', async () => {
    let first: Buffer | undefined;
    const rpc = await connect(
      {
        handle(peer) {
          first ??= peer.response(peer.stub);
          first.writeUInt32LE(peer.callId, 12);
          peer.socket.write(first);
        },
      },
      true,
    );
    await rpc.call(0, Buffer.alloc(4));
    await expect(rpc.call(0, Buffer.alloc(4))).rejects.toThrow(
      expect.objectContaining({ name: 'KerberosError' }),
    );
  });

  it('wants the header signed, and the service proven', async () => {
    await expect(connect({ headerSigning: false }, true)).rejects.toThrow(code('dc-not-trusted'));
    const unproven = (_: unknown, ack: Buffer) => {
      const bare = Buffer.from(ack.subarray(0, 60));
      bare.writeUInt16LE(bare.length, 8);
      bare.writeUInt16LE(0, 10);
      return bare;
    };
    await expect(connect({ bindAnswer: unproven }, true)).rejects.toThrow(code('context-incomplete'));
  });
});

describe('a bind', () => {
  const nak = (reason: number) => {
    const bytes = Buffer.from('05000d03100000001200000001000000', 'hex');
    return Buffer.concat([bytes, Buffer.of(reason, 0)]);
  };
  it.each([
    ['refused', nak(8), /kind of authentication/],
    ['refused without a known reason', nak(200), /reason 200/],
  ])('%s says why', async (_, answer, words) => {
    await expect(connect({ bindAnswer: () => answer }, false)).rejects.toThrow(words);
  });

  it('of an interface that is not there is refused', async () => {
    const without = (_: unknown, ack: Buffer) => {
      ack[32] = 2;
      return ack;
    };
    await expect(connect({ bindAnswer: without }, false)).rejects.toThrow(code('rpc-refused'));
  });

  it('to nobody says what to check', async () => {
    const server = await listenRpc();
    server.close();
    const nobody = RpcConnection.open({ host: '127.0.0.1', port: server.port }, SYNTAX.DRSUAPI);
    await expect(nobody).rejects.toThrow(/firewalls/);
  });
});
