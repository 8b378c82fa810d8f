/** A policy of its own for a group: it begins as the default is, behind the others. */
import type { Group as UserGroup } from '@kennel/tenant/wire';
import { Group, Select, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { admin } from '../../api/admin.ts';
import { useFreshProof } from '../../app/fresh-proof.tsx';
import { BusyButton } from '../../components/busy-button.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';

interface Props {
  /** Those that have none yet. */
  groups: readonly UserGroup[];
  saved: (text: string) => Promise<void>;
}

export function AddPolicy({ groups, saved }: Props) {
  const [chosen, setChosen] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const withFreshProof = useFreshProof();
  const add = async (event: FormEvent) => {
    event.preventDefault();
    const group = groups.find(({ id }) => id === chosen);
    if (busy || group === undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      await withFreshProof(() => admin.keyPolicies.change(group.displayName, {}));
      setChosen(null);
      await saved(`${group.displayName} has a policy of its own.`);
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  if (groups.length === 0) {
    return (
      <Text mt="md">
        A group can have a policy of its own. There is no other group: make one with{' '}
        <code>kennel group create</code>, or let sync bring those of your domain.
      </Text>
    );
  }
  return (
    <form onSubmit={(event) => void add(event)}>
      <Group mt="md" align="flex-end">
        <Select
          label="A policy for a group"
          placeholder="Choose a group"
          data={groups.map(({ id, displayName }) => ({ value: id, label: displayName }))}
          value={chosen}
          onChange={setChosen}
          searchable
          limit={100}
          nothingFoundMessage="There is no such group."
          style={{ flex: 1, minWidth: 200 }}
        />
        <BusyButton
          type="submit"
          variant="default"
          busy={busy}
          disabled={chosen === null}
          aria-label="Add the policy"
        >
          Add
        </BusyButton>
      </Group>
      <ErrorNotice error={error} />
    </form>
  );
}
