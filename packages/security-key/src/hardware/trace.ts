/**
 * fido2-assert prints a signature and not whose it is: neither the credential's id nor, unless it searched for one, the
 * user handle. Both stand in the key's answer, which the tool dumps in hexadecimal under `-d`. A message counts only
 * where it holds the very signature that the tool printed.
 */
import { decode } from 'cborg';
import { LIMIT } from '../registry.ts';

export interface Signer {
  readonly credentialId?: Uint8Array;
  readonly userHandle?: Uint8Array;
}

const HEAD = /^fido_rx: buf=\S+, len=(\d{1,5})$/;
const BYTES = /^\d{4,}: ((?:[0-9a-f]{2} ?){1,16})$/;

/** Who made a signature, from the tool's trace; undefined where it does not say. */
export function signerInTrace(trace: string, signature: Uint8Array): Signer | undefined {
  for (const message of receivedMessages(trace)) {
    const answer = message[0] === 0 ? lenientMap(message.subarray(1)) : undefined;
    const signed = answer?.get(3);
    if (!(signed instanceof Uint8Array) || Buffer.compare(signed, signature) !== 0) continue;
    const credentialId = bytesIn(answer?.get(1), 'id');
    const userHandle = bytesIn(answer?.get(4), 'id');
    return { ...(credentialId ? { credentialId } : {}), ...(userHandle ? { userHandle } : {}) };
  }
  return undefined;
}

/** The whole messages that a trace shows to have come from the key. */
function receivedMessages(trace: string): Buffer[] {
  const messages: Buffer[] = [];
  const all = trace.split('\n');
  for (const [at, line] of all.entries()) {
    const length = Number(HEAD.exec(line)?.[1] ?? 0);
    if (length === 0 || length > LIMIT.MESSAGE) continue;
    const dump = all.slice(at + 1, at + 1 + Math.ceil(length / 16)).map((one) => BYTES.exec(one)?.[1] ?? '');
    const message = Buffer.from(dump.join('').replaceAll(' ', ''), 'hex');
    if (message.length === length) messages.push(message);
  }
  return messages;
}

/** Keys are not as strict as our own encoder, so neither is this; what it gives is held against the signature. */
function lenientMap(bytes: Uint8Array): ReadonlyMap<unknown, unknown> | undefined {
  try {
    const value: unknown = decode(bytes, { useMaps: true });
    return value instanceof Map ? value : undefined;
  } catch {
    return undefined; // another message, or not CBOR at all
  }
}

function bytesIn(map: unknown, key: string): Uint8Array | undefined {
  const value: unknown = map instanceof Map ? map.get(key) : undefined;
  return value instanceof Uint8Array ? Uint8Array.from(value) : undefined;
}
