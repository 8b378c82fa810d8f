/** Replicates one object over a bound connection: bind, get, unbind ([MS-DRSR] 4.1.3, 4.1.10, 4.1.25). */
import type { RpcConnection } from '../rpc/connection.ts';
import { decodeDrsBind, encodeDrsBind } from './bind.ts';
import { OPNUM } from './constants.ts';
import { decodeGetObject, type ObjectReply } from './get-nc-changes-reply.ts';
import { encodeGetObject, type ObjectRequest } from './get-nc-changes-request.ts';

/** @throws ActiveDirectoryError those of `RpcConnection.call`, `decodeDrsBind` and `decodeGetObject` */
export async function replicateObject(
  rpc: Pick<RpcConnection, 'call'>,
  request: ObjectRequest,
): Promise<ObjectReply> {
  const bind = async (epoch?: number) => decodeDrsBind(await rpc.call(OPNUM.BIND, encodeDrsBind(epoch)));
  let server = await bind();
  if (server.epoch !== 0) {
    await rpc.call(OPNUM.UNBIND, server.handle);
    server = await bind(server.epoch);
  }
  const reply = decodeGetObject(await rpc.call(OPNUM.GET_NC_CHANGES, encodeGetObject(server, request)));
  await rpc.call(OPNUM.UNBIND, server.handle);
  return reply;
}
