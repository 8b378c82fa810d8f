/** As much of DER (X.690) as a client needs: to write a certificate request, and to find its way in an answer. */

export function tlv(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), body]);
}

export interface Node {
  tag: number;
  /** The value's octets. */
  value: Buffer;
}

/** The elements that stand one after another in `data`. */
export function elements(data: Buffer): Node[] {
  const found: Node[] = [];
  let at = 0;
  while (at < data.length) {
    const tag = data.readUInt8(at++);
    let length = data.readUInt8(at++);
    if (length & 0x80) {
      const octets = length & 0x7f;
      length = data.readUIntBE(at, octets);
      at += octets;
    }
    if (at + length > data.length) throw new Error('DER: cut off');
    found.push({ tag, value: data.subarray(at, at + length) });
    at += length;
  }
  return found;
}

/** Down by tags, each the first of its kind in its parent: `down(as_rep, 0x6b, 0x30, 0xa6)`. */
export function down(data: Buffer, ...tags: number[]): Buffer {
  return tags.reduce((inside, tag) => {
    const next = elements(inside).find((element) => element.tag === tag);
    if (next === undefined) throw new Error(`DER: no element 0x${tag.toString(16)}`);
    return next.value;
  }, data);
}
