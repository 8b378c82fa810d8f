/** Interfaces and the transfer syntax as a bind names them (C706 12.6.3.1 p_syntax_id_t). */
import { guidBytes } from '../cldap/netlogon.ts';

export interface Syntax {
  readonly uuid: string;
  /** Major version; every minor one here is 0. */
  readonly version: number;
}

export const SYNTAX = {
  NDR: { uuid: '8a885d04-1ceb-11c9-9fe8-08002b104860', version: 2 },
  ENDPOINT_MAPPER: { uuid: 'e1af8308-5d1f-11c9-91a4-08002b14a0fa', version: 3 },
  DRSUAPI: { uuid: 'e3514235-4b06-11d1-ab04-00c04fc2dcd2', version: 4 },
} as const satisfies Record<string, Syntax>;

/** 20 bytes. */
export function encodeSyntax({ uuid, version }: Syntax): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.set(guidBytes(uuid));
  bytes.writeUInt32LE(version, 16);
  return bytes;
}
