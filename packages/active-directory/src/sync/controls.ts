/** LDAP controls that only sync needs ([MS-ADTS] 3.1.1.3.4.1). */
import { Ber, type BerReader, BerWriter, Control } from 'ldapts';

/** LDAP_SERVER_EXTENDED_DN_OID: names of objects bear their objectGUID and SID, as `<GUID=...>;<SID=...>;CN=...`. */
export class ExtendedNames extends Control {
  constructor() {
    super('1.2.840.113556.1.4.529', { critical: true });
  }
  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(1); // as text
    value.endSequence();
    writer.writeBuffer(value.buffer, Ber.OctetString);
  }
}

/** LDAP_SERVER_DIRSYNC_OID: what has changed since a cookie, tombstones among it. */
export class DirSync extends Control {
  readonly #cookie: Buffer;
  /** After the search: where the next one goes on, and whether there is more at once. */
  next: Buffer = Buffer.alloc(0);
  more = false;

  constructor(cookie: Buffer) {
    super('1.2.840.113556.1.4.841', { critical: true });
    this.#cookie = cookie;
  }
  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(0);
    value.writeInt(0x7fffffff); // bytes of an answer: as many as the controller gives
    value.writeBuffer(this.#cookie, Ber.OctetString);
    value.endSequence();
    writer.writeBuffer(value.buffer, Ber.OctetString);
  }
  override parseControl(reader: BerReader): void {
    reader.readSequence();
    this.more = reader.readInt() !== 0;
    reader.readInt();
    this.next = reader.readString(Ber.OctetString, true) ?? Buffer.alloc(0);
  }
}
