/**
 * NETLOGON_SAM_LOGON_RESPONSE_EX, what a domain controller says of itself over CLDAP ([MS-ADTS] 6.3.1.9), and
 * its flags (6.3.1.2). Names are compressed as in RFC 1035 section 4.1.4.
 */
import { ActiveDirectoryError } from '../errors.ts';

/** DS_FLAGs, in the order in which `nltest /dsgetdc` prints their names. */
export const DS_FLAG = {
  PDC: 0x1,
  GC: 0x4,
  DS: 0x10,
  LDAP: 0x8,
  KDC: 0x20,
  TIMESERV: 0x40,
  GTIMESERV: 0x200,
  WRITABLE: 0x100,
  CLOSE_SITE: 0x80,
  FULL_SECRET: 0x1000,
  WS: 0x2000,
  DS_8: 0x4000,
  DS_9: 0x8000,
  DS_10: 0x10000,
  KEYLIST: 0x20000,
} as const;

export interface NetlogonResponse {
  flags: number;
  /** GUID in text. */
  domainGuid: string;
  forestName: string;
  domainName: string;
  hostName: string;
  netbiosDomainName: string;
  netbiosComputerName: string;
  userName: string;
  dcSiteName: string;
  clientSiteName: string;
}

const OPCODE = 23;
const USER_UNKNOWN_OPCODE = 25;
const NT_VERSION = 0x5; // NETLOGON_NT_VERSION_1 | _5EX
const NAMES = [
  'forestName',
  'domainName',
  'hostName',
  'netbiosDomainName',
  'netbiosComputerName',
  'userName',
  'dcSiteName',
  'clientSiteName',
] as const;
const malformed = (what: string) =>
  new ActiveDirectoryError(
    'netlogon-malformed',
    `The domain controller's NETLOGON answer is malformed: ${what}.`,
  );

/** A GUID's 16 bytes: its first three fields little-endian ([MS-DTYP] 2.3.4.2). */
export function guidBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) throw malformed('the GUID');
  return Buffer.concat([
    bytes.subarray(0, 4).reverse(),
    bytes.subarray(4, 6).reverse(),
    bytes.subarray(6, 8).reverse(),
    bytes.subarray(8),
  ]);
}

export function guidText(bytes: Uint8Array): string {
  const view = Buffer.from(bytes);
  const parts = [
    view.subarray(0, 4).reverse(),
    view.subarray(4, 6).reverse(),
    view.subarray(6, 8).reverse(),
    view.subarray(8, 10),
    view.subarray(10, 16),
  ];
  return parts.map((part) => part.toString('hex')).join('-');
}

export function encodeNetlogonResponse(response: NetlogonResponse): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(OPCODE, 0);
  head.writeUInt32LE(response.flags, 4);
  const parts = [head, guidBytes(response.domainGuid)];
  let at = 24;
  const known = new Map<string, number>();
  for (const name of NAMES) {
    const bytes = compress(response[name], at, known);
    parts.push(bytes);
    at += bytes.length;
  }
  const tail = Buffer.alloc(8, 0xff);
  tail.writeUInt32LE(NT_VERSION, 0);
  return Buffer.concat([...parts, tail]);
}

/** One name at offset `at`; a suffix that stands in the message already becomes a pointer to it. */
function compress(name: string, at: number, known: Map<string, number>): Buffer {
  const labels = name === '' ? [] : name.split('.');
  const parts: Buffer[] = [];
  let offset = at;
  for (let i = 0; i < labels.length; i++) {
    const suffix = labels.slice(i).join('.').toLowerCase();
    const pointer = known.get(suffix);
    if (pointer !== undefined) {
      parts.push(Buffer.of(0xc0 | (pointer >> 8), pointer & 0xff));
      return Buffer.concat(parts);
    }
    known.set(suffix, offset);
    const label = Buffer.from(labels[i] ?? '', 'utf8').subarray(0, 63);
    parts.push(Buffer.of(label.length), label);
    offset += 1 + label.length;
  }
  parts.push(Buffer.of(0));
  return Buffer.concat(parts);
}

/** @throws ActiveDirectoryError `netlogon-malformed` */
export function decodeNetlogonResponse(bytes: Uint8Array): NetlogonResponse {
  const input = Buffer.from(bytes);
  const opcode = input.length >= 24 ? input.readUInt16LE(0) : -1;
  if (opcode !== OPCODE && opcode !== USER_UNKNOWN_OPCODE) throw malformed('it is of another kind');
  let offset = 24;
  const names = NAMES.map(() => {
    const { name, next } = expand(input, offset);
    offset = next;
    return name;
  });
  const [
    forestName = '',
    domainName = '',
    hostName = '',
    netbiosDomainName = '',
    netbiosComputerName = '',
    userName = '',
    dcSiteName = '',
    clientSiteName = '',
  ] = names;
  return {
    flags: input.readUInt32LE(4),
    domainGuid: guidText(input.subarray(8, 24)),
    forestName,
    domainName,
    hostName,
    netbiosDomainName,
    netbiosComputerName,
    userName,
    dcSiteName,
    clientSiteName,
  };
}

const MAX_NAME = 255; // RFC 1035 section 2.3.4

/** Follows pointers backwards only, so that no loop is possible, and gives up on what is too long to be a name. */
function expand(input: Buffer, start: number): { name: string; next: number } {
  const labels: string[] = [];
  let at = start;
  let next: number | undefined;
  let lowest = start;
  let size = 0;
  for (;;) {
    const length = input[at];
    if (length === undefined) throw malformed('a name ends too early');
    if (length === 0) return { name: labels.join('.'), next: next ?? at + 1 };
    if ((length & 0xc0) === 0xc0) {
      const target = ((length & 0x3f) << 8) | (input[at + 1] ?? 0);
      next ??= at + 2;
      if (target >= lowest) throw malformed('a name points forwards');
      lowest = target;
      at = target;
    } else {
      if (length > 63 || at + 1 + length > input.length) throw malformed('a label is too long');
      size += 1 + length;
      if (size > MAX_NAME) throw malformed('a name is too long');
      labels.push(input.toString('utf8', at + 1, at + 1 + length));
      at += 1 + length;
    }
  }
}
