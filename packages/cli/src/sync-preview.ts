/** A target that takes nothing: what a run would send, held against what the tenant has. */
import type { SyncObject, SyncTarget } from '@kennel/active-directory';

const SHOWN_AT_MOST = 1000;

export interface PreviewChange {
  what: 'add' | 'change' | 'delete';
  kind: string;
  name: string;
}

export function previewTarget(real: SyncTarget): {
  target: SyncTarget;
  changes(): { total: number; changes: PreviewChange[] };
} {
  const known = new Set<string>();
  const changes: PreviewChange[] = [];
  let total = 0;
  const note = (object: SyncObject) => {
    if (object.kind === 'members') return;
    total += 1;
    if (changes.length >= SHOWN_AT_MOST) return;
    if (object.kind === 'gone') changes.push({ what: 'delete', kind: object.of, name: object.anchor });
    else {
      const name = object.kind === 'user' ? object.userPrincipalName : object.name;
      changes.push({ what: known.has(object.anchor) ? 'change' : 'add', kind: object.kind, name });
    }
  };
  const counts = { created: 0, updated: 0, deleted: 0, problems: 0 };
  return {
    changes: () => ({ total, changes }),
    target: {
      state: () => real.state(),
      begin: async () => ({ runId: '', settings: { deletionLimitPercent: 100 }, problems: [] }),
      push: async (_runId, { objects }) => {
        for (const object of objects) note(object);
        return { counts };
      },
      end: async () => ({}),
      async *versions(kind) {
        for await (const each of real.versions(kind)) {
          known.add(each.anchor);
          yield each;
        }
      },
    },
  };
}
