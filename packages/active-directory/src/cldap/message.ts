/** The LDAP messages of a CLDAP ping: a search of the root for `Netlogon`, its entry and its end (RFC 4511, [MS-ADTS] 6.3.3). */
import { Ber, BerReader, BerWriter } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';

const OP = { SEARCH_REQUEST: 0x63, SEARCH_ENTRY: 0x64, SEARCH_DONE: 0x65 } as const;
const FILTER = { AND: 0xa0, EQUALITY: 0xa3 } as const;
const SEQUENCE = 0x30;
const SET = 0x31;
const MAX_CONDITIONS = 16;
const NTVER_1_5_5EX = Buffer.from([0x06, 0, 0, 0]);

/** A ping: the conditions of its AND filter by lower-case name. */
export interface NetlogonPing {
  messageId: number;
  conditions: ReadonlyMap<string, Buffer>;
}

const malformed = () => new ActiveDirectoryError('cldap-malformed', 'The CLDAP message is malformed.');
const present = <T>(value: T | null): T => {
  if (value === null) throw malformed();
  return value;
};

/** The datagram that asks a domain controller who it is. */
export function encodePing(messageId: number, domainName: string): Buffer {
  const out = new BerWriter();
  out.startSequence();
  out.writeInt(messageId);
  out.startSequence(OP.SEARCH_REQUEST);
  out.writeString('');
  out.writeEnumeration(0);
  out.writeEnumeration(0);
  out.writeInt(0);
  out.writeInt(0);
  out.writeBoolean(false);
  out.startSequence(FILTER.AND);
  const conditions: [string, Buffer][] = [
    ['DnsDomain', Buffer.from(domainName)],
    ['NtVer', NTVER_1_5_5EX],
  ];
  for (const [name, value] of conditions) {
    out.startSequence(FILTER.EQUALITY);
    out.writeString(name);
    out.writeBuffer(value, Ber.OctetString);
    out.endSequence();
  }
  out.endSequence();
  out.startSequence();
  out.writeString('Netlogon');
  out.endSequence();
  out.endSequence();
  out.endSequence();
  return out.buffer;
}

/** Reads a ping. @throws ActiveDirectoryError `cldap-malformed` for anything else */
export function decodePing(datagram: Buffer): NetlogonPing {
  try {
    const input = new BerReader(datagram);
    present(input.readSequence(SEQUENCE));
    const messageId = present(input.readInt());
    present(input.readSequence(OP.SEARCH_REQUEST));
    input.readString();
    input.readEnumeration();
    input.readEnumeration();
    input.readInt();
    input.readInt();
    input.readBoolean();
    return { messageId, conditions: readConditions(input) };
  } catch {
    throw malformed();
  }
}

function readConditions(input: BerReader): Map<string, Buffer> {
  const conditions = new Map<string, Buffer>();
  present(input.readSequence(FILTER.AND));
  const end = input.offset + input.length;
  while (input.offset < end) {
    if (conditions.size >= MAX_CONDITIONS) throw malformed();
    present(input.readSequence(FILTER.EQUALITY));
    const name = present(input.readString()).toLowerCase();
    conditions.set(name, present(input.readString(Ber.OctetString, true)));
  }
  return conditions;
}

/** The answer: one entry with `Netlogon`, and the end; without a value only the end. */
export function encodePong(messageId: number, netlogon: Buffer | undefined): Buffer {
  const done = message(messageId, OP.SEARCH_DONE, (out) => {
    out.writeEnumeration(0);
    out.writeString('');
    out.writeString('');
  });
  if (!netlogon) return done;
  const entry = message(messageId, OP.SEARCH_ENTRY, (out) => {
    out.writeString('');
    out.startSequence();
    out.startSequence();
    out.writeString('Netlogon');
    out.startSequence(SET);
    out.writeBuffer(netlogon, Ber.OctetString);
    out.endSequence();
    out.endSequence();
    out.endSequence();
  });
  return Buffer.concat([entry, done]);
}

function message(messageId: number, operation: number, body: (out: BerWriter) => void): Buffer {
  const out = new BerWriter();
  out.startSequence();
  out.writeInt(messageId);
  out.startSequence(operation);
  body(out);
  out.endSequence();
  out.endSequence();
  return out.buffer;
}

/** An answer's message id and its `Netlogon` value, where the server gives one. @throws ActiveDirectoryError `cldap-malformed` */
export function decodePong(datagram: Buffer): { messageId: number; netlogon: Buffer | undefined } {
  try {
    const input = new BerReader(datagram);
    present(input.readSequence(SEQUENCE));
    const messageId = present(input.readInt());
    if (input.peek() !== OP.SEARCH_ENTRY) return { messageId, netlogon: undefined };
    present(input.readSequence(OP.SEARCH_ENTRY));
    input.readString();
    present(input.readSequence());
    present(input.readSequence());
    input.readString();
    present(input.readSequence(SET));
    return { messageId, netlogon: present(input.readString(Ber.OctetString, true)) };
  } catch {
    throw malformed();
  }
}
