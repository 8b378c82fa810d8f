/** bind and alter_context, and their answers (C706 12.6.4.3, 12.6.4.4, 12.6.4.5). */
import { ActiveDirectoryError } from '../errors.ts';
import { MAX_FRAGMENT, PDU, PDU_FLAG, type Pdu, rpcMalformed } from './pdu.ts';
import { encodeSyntax, SYNTAX, type Syntax } from './syntax.ts';

/** The body that proposes one interface in NDR as presentation context 0; of bind and alter_context alike. */
export function encodeBind(abstractSyntax: Syntax, associationGroup = 0): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt16LE(MAX_FRAGMENT, 0);
  head.writeUInt16LE(MAX_FRAGMENT, 2);
  head.writeUInt32LE(associationGroup, 4);
  head[8] = 1; // contexts; then context 0 with one transfer syntax
  head[14] = 1;
  return Buffer.concat([head, encodeSyntax(abstractSyntax), encodeSyntax(SYNTAX.NDR)]);
}

export interface BindAck {
  /** The largest fragment that the server takes, bytes. */
  maxReceive: number;
  associationGroup: number;
  headerSigning: boolean;
}

const NAK_REASON: Readonly<Record<number, string>> = {
  0: 'it gives no reason; check the clocks and the credential',
  1: 'it is busy; try again in a moment',
  2: 'a limit of its own is reached; try again later',
  4: 'it does not know this version of RPC',
  8: 'it does not admit this kind of authentication',
  9: 'it does not accept the credential',
};

/**
 * Reads the answer to bind or alter_context.
 * @throws ActiveDirectoryError `rpc-refused` with the server's reason; `access-denied`; `rpc-malformed`
 */
export function decodeBindAck(pdu: Pdu, expected: number): BindAck {
  if (pdu.type === PDU.BIND_NAK) {
    const reason = pdu.body.length >= 2 ? pdu.body.readUInt16LE(0) : 0;
    const why = NAK_REASON[reason] ?? `reason ${reason}`;
    throw new ActiveDirectoryError(
      'rpc-refused',
      `The domain controller refused the RPC connection: ${why}.`,
      {
        reason,
      },
    );
  }
  const { body } = pdu;
  if (pdu.type !== expected || body.length < 10) throw rpcMalformed('no bind_ack');
  const afterAddress = 10 + body.readUInt16LE(8);
  const results = afterAddress + (-afterAddress & 3);
  if (results + 8 > body.length) throw rpcMalformed('bind_ack ends too early');
  const result = body.readUInt16LE(results + 4);
  if (body[results] !== 1 || result !== 0)
    throw new ActiveDirectoryError(
      'rpc-refused',
      'The server does not offer this RPC interface. Check that it is a domain controller.',
      { result, reason: body.readUInt16LE(results + 6) },
    );
  return {
    maxReceive: body.readUInt16LE(2),
    associationGroup: body.readUInt32LE(4),
    headerSigning: (pdu.flags & PDU_FLAG.HEADER_SIGNING) !== 0,
  };
}
