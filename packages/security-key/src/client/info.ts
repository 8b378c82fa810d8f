/** Reads authenticatorGetInfo's answer (CTAP 2.1, section 6.4). */
import { type Members, need } from '../cbor.ts';
import type { KeyInfo } from '../security-key.ts';

export function readInfo(answer: Members): KeyInfo {
  const options = answer.map(0x04)?.booleans() ?? {};
  return {
    aaguid: uuid(need(answer.bytes(0x03, { min: 16, max: 16 }), 'aaguid')),
    versions: answer.texts(0x01) ?? [],
    extensions: answer.texts(0x02) ?? [],
    options,
    clientPinSet: options.clientPin === true,
    pinProtocols: answer.integers(0x06) ?? [],
    algorithms: (answer.maps(0x0a, 256) ?? []).flatMap((item) => item.integer('alg') ?? []),
    transports: answer.texts(0x09) ?? [],
    maxMsgSize: answer.integer(0x05) ?? 1024,
    minPinLength: answer.integer(0x0d) ?? 4,
    pinChangeNeeded: answer.boolean(0x0c) ?? false,
  };
}

function uuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
