/** The DACL of a security descriptor: who is allowed what ([MS-DTYP] 2.4.6 SECURITY_DESCRIPTOR, 2.4.5 ACL, 2.4.4 ACE). */
import { decodeSid } from '@kennel/kerberos';
import { guidText } from '../cldap/netlogon.ts';
import { ActiveDirectoryError } from '../errors.ts';

export interface Ace {
  kind: 'allow' | 'deny';
  /** ACCESS_MASK. */
  mask: number;
  /** Whom it is about. */
  sid: string;
  /** The extended right or property that it is limited to; all unless given. */
  objectType?: string;
}

const HEADER = 20;
const DACL_AT = 16;
const ACE_HEADER = 8;
const INHERIT_ONLY = 0x08;
/** ACE types; others (audit, callback) grant nothing here. */
const TYPES: Readonly<Record<number, Pick<Ace, 'kind'> & { object: boolean }>> = {
  0: { kind: 'allow', object: false },
  1: { kind: 'deny', object: false },
  5: { kind: 'allow', object: true },
  6: { kind: 'deny', object: true },
};
const OBJECT_TYPE_PRESENT = 1;
const INHERITED_TYPE_PRESENT = 2;

/** The entries that hold on the object itself. @throws ActiveDirectoryError `ldap-malformed` */
export function readDacl(bytes: Buffer): Ace[] {
  const malformed = () =>
    new ActiveDirectoryError(
      'ldap-malformed',
      'The directory sent a security descriptor that makes no sense.',
    );
  try {
    const at = bytes.readUInt32LE(DACL_AT);
    if (at === 0) return [];
    if (at < HEADER) throw malformed();
    const count = bytes.readUInt16LE(at + 4);
    const aces: Ace[] = [];
    let next = at + 8;
    for (let i = 0; i < count; i++) {
      const type = TYPES[bytes.readUInt8(next)];
      const flags = bytes.readUInt8(next + 1);
      const size = bytes.readUInt16LE(next + 2);
      if (size < ACE_HEADER || next + size > bytes.length) throw malformed();
      if (type && (flags & INHERIT_ONLY) === 0) aces.push(readAce(bytes.subarray(next, next + size), type));
      next += size;
    }
    return aces;
  } catch (error) {
    throw error instanceof ActiveDirectoryError ? error : malformed();
  }
}

function readAce(ace: Buffer, { kind, object }: { kind: Ace['kind']; object: boolean }): Ace {
  const mask = ace.readUInt32LE(4);
  let at = ACE_HEADER;
  let objectType: string | undefined;
  if (object) {
    const present = ace.readUInt32LE(at);
    at += 4;
    if (present & OBJECT_TYPE_PRESENT) {
      objectType = guidText(ace.subarray(at, at + 16));
      at += 16;
    }
    if (present & INHERITED_TYPE_PRESENT) at += 16;
  }
  const sid = decodeSid(ace.subarray(at, at + 8 + 4 * ace.readUInt8(at + 1)));
  return { kind, mask, sid, ...(objectType === undefined ? {} : { objectType }) };
}
