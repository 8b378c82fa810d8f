/** Batches of bounded size, one after the other; the state goes with the last of a stretch. */
import type { SyncCounts, SyncGroup, SyncObject, SyncTarget } from './types.ts';

const OBJECTS_AT_MOST = 500;
const BYTES_AT_MOST = 512 * 1024;
const MEMBERS_AT_MOST = 1000;

export class Sender {
  readonly #target: Pick<SyncTarget, 'push'>;
  readonly #runId: string;
  #sequence = 0;
  #objects: SyncObject[] = [];
  #bytes = 0;
  sent = 0;
  counts: SyncCounts = { created: 0, updated: 0, deleted: 0, problems: 0 };

  constructor(target: Pick<SyncTarget, 'push'>, runId: string) {
    this.#target = target;
    this.#runId = runId;
  }

  async add(object: SyncObject): Promise<void> {
    const size = JSON.stringify(object).length;
    if (this.#objects.length >= OBJECTS_AT_MOST || this.#bytes + size > BYTES_AT_MOST) await this.flush();
    this.#objects.push(object);
    this.#bytes += size;
    this.sent += 1;
  }

  /** @param members sorted. The group comes last: its version stands only when its members do. */
  async addGroup(group: SyncGroup, members: readonly string[]): Promise<void> {
    for (let at = 0; at === 0 || at < members.length; at += MEMBERS_AT_MOST) {
      await this.add({
        kind: 'members',
        group: group.anchor,
        from: at === 0 ? '' : (members[at] ?? ''),
        to: members[at + MEMBERS_AT_MOST] ?? null,
        members: members.slice(at, at + MEMBERS_AT_MOST),
      });
    }
    await this.add(group);
  }

  async flush(state?: string): Promise<void> {
    if (this.#objects.length === 0 && state === undefined) return;
    const objects = this.#objects;
    this.#objects = [];
    this.#bytes = 0;
    this.#sequence += 1;
    const batch = { sequence: this.#sequence, objects, ...(state === undefined ? {} : { state }) };
    this.counts = (await this.#target.push(this.#runId, batch)).counts;
  }
}
