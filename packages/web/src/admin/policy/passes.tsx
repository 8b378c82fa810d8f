/** The policy for Temporary Access Passes. */
import { PASS_CHARACTERS, PASS_MINUTES, type PassPolicy } from '@kennel/tenant/wire';
import { Group, NumberInput, Switch, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { admin } from '../../api/admin.ts';
import { useFreshProof } from '../../app/fresh-proof.tsx';
import { useLoad } from '../../app/use-load.ts';
import { BusyButton } from '../../components/busy-button.tsx';
import { Done } from '../../components/done.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { Heading } from '../../components/heading.tsx';
import { LoadNotice } from '../../components/load-notice.tsx';
import { spanOf } from '../span.ts';

export default function Passes() {
  const { value, error, reload } = useLoad(admin.passes.policy);
  return (
    <>
      <Heading>Policy for passes</Heading>
      <Text mt={4}>
        With a Temporary Access Pass a person registers a first security key, or a new one for a lost one.
        Passes are made on the page of the user.
      </Text>
      <LoadNotice value={value} error={error} reload={reload} />
      {value !== undefined && <PassPolicyForm before={value} />}
    </>
  );
}

const NUMBERS = [
  ['defaultLength', 'Characters of a pass', PASS_CHARACTERS],
  ['defaultLifetimeInMinutes', 'Usual lifetime, in minutes', PASS_MINUTES],
  ['minimumLifetimeInMinutes', 'Shortest lifetime, in minutes', PASS_MINUTES],
  ['maximumLifetimeInMinutes', 'Longest lifetime, in minutes', PASS_MINUTES],
] as const;

/** Minutes are hard to read by the thousand: what they come to. */
function described(member: string, min: number, max: number, value: number): string {
  if (member === 'defaultLength') return `${min} to ${max}`;
  const now = value >= min && value <= max ? ` Now ${spanOf(value)}.` : '';
  return `${min} (${spanOf(min)}) to ${max.toLocaleString()} (${spanOf(max)}).${now}`;
}

function PassPolicyForm({ before }: { before: PassPolicy }) {
  const [policy, setPolicy] = useState(before);
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState<string>();
  const [error, setError] = useState<unknown>();
  const withFreshProof = useFreshProof();
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(undefined);
    setDone(undefined);
    try {
      setPolicy(await withFreshProof(() => admin.passes.changePolicy(policy)));
      setDone('The policy for passes is saved.');
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void save(event)} style={{ maxWidth: 480 }}>
      <Switch
        mt="lg"
        label="Temporary Access Passes are allowed"
        checked={policy.state === 'enabled'}
        onChange={(event) =>
          setPolicy({ ...policy, state: event.currentTarget.checked ? 'enabled' : 'disabled' })
        }
      />
      <Switch
        mt="sm"
        label="Every pass is for one registration only"
        checked={policy.isUsableOnce}
        onChange={(event) => setPolicy({ ...policy, isUsableOnce: event.currentTarget.checked })}
      />
      {NUMBERS.map(([member, label, { least: min, most: max }]) => (
        <NumberInput
          key={member}
          mt="md"
          label={label}
          description={described(member, min, max, policy[member])}
          min={min}
          max={max}
          allowDecimal={false}
          hideControls
          required
          value={policy[member]}
          onChange={(value) => setPolicy({ ...policy, [member]: Number(value) })}
        />
      ))}
      <ErrorNotice error={error} />
      <Done text={done} />
      <Group mt="lg" justify="flex-end">
        <BusyButton type="submit" busy={busy} aria-label="Save the policy for passes">
          Save
        </BusyButton>
      </Group>
    </form>
  );
}
