/** What is done with the entry of a group: its place among the others, and its end. */
import type { KeyPolicy } from '@kennel/tenant/wire';
import { Button, Group, Text } from '@mantine/core';
import { admin } from '../../api/admin.ts';
import { useFreshProof } from '../../app/fresh-proof.tsx';
import { Dialog } from '../../components/dialog.tsx';

interface ButtonsProps {
  name: string;
  isFirst: boolean;
  isLast: boolean;
  move: (by: -1 | 1) => void;
  remove: () => void;
}

export function EntryButtons({ name, isFirst, isLast, move, remove }: ButtonsProps) {
  return (
    <Group gap="xs">
      {!isFirst && (
        <Button variant="default" size="xs" onClick={() => move(-1)} aria-label={`Try ${name} earlier`}>
          Earlier
        </Button>
      )}
      {!isLast && (
        <Button variant="default" size="xs" onClick={() => move(1)} aria-label={`Try ${name} later`}>
          Later
        </Button>
      )}
      <Button variant="default" size="xs" onClick={remove} aria-label={`Remove the policy for ${name}`}>
        Remove
      </Button>
    </Group>
  );
}

interface RemoveProps {
  policy: KeyPolicy;
  close: () => void;
  saved: (text: string) => Promise<void>;
}

export function RemovePolicy({ policy, close, saved }: RemoveProps) {
  const withFreshProof = useFreshProof();
  const name = policy.group?.displayName ?? '';
  return (
    <Dialog
      title={`Remove the policy for ${name}`}
      action="Remove"
      busyText="One moment."
      danger
      close={close}
      run={async () => {
        await withFreshProof(() => admin.keyPolicies.remove(name));
        await saved(`The policy for ${name} is removed.`);
        close();
      }}
    >
      <Text>
        For the users of this group the next entry decides that has them, at their next sign-in. Keys that it
        does not accept stop working.
      </Text>
    </Dialog>
  );
}
