/**
 * What the tenant has of a kind, while a run reads the directory: 32 bytes and a mark for each object, in the order of
 * the anchors, so that a large domain takes little memory.
 */
const ANCHOR = 16;
const RECORD = 32;
const FIRST = 1024;

export class KnownVersions {
  #records = Buffer.alloc(FIRST * RECORD);
  #seen = Buffer.alloc(FIRST);
  /** How many there are. */
  size = 0;

  /** @param versions in the order of their anchors */
  static async read(versions: AsyncIterable<{ anchor: string; version: string }>): Promise<KnownVersions> {
    const known = new KnownVersions();
    for await (const { anchor, version } of versions) known.#add(anchor, version);
    return known;
  }

  #add(anchor: string, version: string): void {
    if (this.size === this.#seen.length) {
      this.#records = Buffer.concat([this.#records, Buffer.alloc(this.#records.length)]);
      this.#seen = Buffer.concat([this.#seen, Buffer.alloc(this.#seen.length)]);
    }
    const at = this.size++ * RECORD;
    anchorBytes(anchor).copy(this.#records, at);
    versionBytes(version).copy(this.#records, at + ANCHOR);
  }

  /** Marks an object as read. @returns whether the tenant has it in this version; undefined where it has it not at all */
  see(anchor: string, version?: string): boolean | undefined {
    const index = this.#find(anchorBytes(anchor));
    if (index === undefined) return undefined;
    this.#seen[index] = 1;
    const at = index * RECORD + ANCHOR;
    return version !== undefined && versionBytes(version).equals(this.#records.subarray(at, at + ANCHOR));
  }

  #find(wanted: Buffer): number | undefined {
    for (let [low, high] = [0, this.size]; low < high; ) {
      const middle = (low + high) >>> 1;
      const at = middle * RECORD;
      const order = wanted.compare(this.#records, at, at + ANCHOR);
      if (order === 0) return middle;
      if (order < 0) high = middle;
      else low = middle + 1;
    }
    return undefined;
  }

  /** Anchors of those that were not read. */
  unseen(): string[] {
    const anchors: string[] = [];
    for (let index = 0; index < this.size; index++) {
      if (this.#seen[index] === 1) continue;
      const hex = this.#records.toString('hex', index * RECORD, index * RECORD + ANCHOR);
      anchors.push(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));
    }
    return anchors;
  }
}

/** Compared as text and as bytes, anchors have the same order. */
const anchorBytes = (anchor: string) => Buffer.from(anchor.replaceAll('-', ''), 'hex');

/** A version is a hash in base64url; whatever else it is, it differs from every one of ours. */
function versionBytes(version: string): Buffer {
  const bytes = Buffer.alloc(ANCHOR);
  Buffer.from(version, 'base64url').copy(bytes);
  return bytes;
}
