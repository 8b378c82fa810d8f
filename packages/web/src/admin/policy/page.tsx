/** Which security keys are accepted: one entry for each group that has one, in their order, and the default for everyone else. */
import type { KeyPolicy } from '@kennel/tenant/wire';
import { Card, Group, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { admin } from '../../api/admin.ts';
import { useFreshProof } from '../../app/fresh-proof.tsx';
import { useLoad } from '../../app/use-load.ts';
import { Done } from '../../components/done.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { Heading } from '../../components/heading.tsx';
import { Loading } from '../../components/load-notice.tsx';
import { AddPolicy } from './add.tsx';
import { EntryButtons, RemovePolicy } from './entry.tsx';
import { PolicyForm } from './form.tsx';

const load = async () => {
  const [policies, models, groups] = await Promise.all([
    admin.keyPolicies.list(),
    admin.metadata.models(),
    admin.groups.list(),
  ]);
  return { policies, models, groups };
};

export default function Policy() {
  const { value, error, reload } = useLoad(load);
  const [done, setDone] = useState<string>();
  const [failed, setFailed] = useState<unknown>();
  const [removing, setRemoving] = useState<KeyPolicy>();
  const withFreshProof = useFreshProof();
  const policies = value?.policies ?? [];
  const ordered = policies.flatMap(({ group }) => group ?? []);
  const saved = async (text: string) => {
    setDone(undefined);
    setFailed(undefined);
    await reload();
    setDone(text);
  };
  /** By one place, towards the first (-1) or the last (1). */
  const move = async (from: number, by: -1 | 1) => {
    const names = ordered.map(({ displayName }) => displayName);
    const [name = ''] = names.splice(from, 1);
    names.splice(from + by, 0, name);
    try {
      await withFreshProof(() => admin.keyPolicies.order(names));
      await saved(`The policy for ${name} is number ${from + by + 1} now.`);
    } catch (cause) {
      setFailed(cause);
    }
  };
  return (
    <>
      <Heading>Policy for keys</Heading>
      <Text mt={4}>
        The first entry whose group has the user decides, at registration and again at every sign-in: a
        stricter one stops keys that were registered before. User verification is always required.
      </Text>
      <Done text={done} />
      <ErrorNotice error={error ?? failed} {...(error !== undefined && { retry: () => void reload() })} />
      {value === undefined && error === undefined && <Loading />}
      {value !== undefined && (
        <AddPolicy
          groups={value.groups.filter(({ id }) => !ordered.some((one) => one.id === id))}
          saved={saved}
        />
      )}
      <Stack mt="md">
        {policies.map((policy, at) => {
          const name = policy.group?.displayName ?? (ordered.length === 0 ? 'Everyone' : 'Everyone else');
          return (
            <Card key={policy.group?.id ?? 'default'} component="section" withBorder aria-label={name}>
              <Group justify="space-between">
                <Title order={2} size="h3" style={{ overflowWrap: 'anywhere' }}>
                  {name}
                </Title>
                {policy.group !== null && (
                  <EntryButtons
                    name={name}
                    isFirst={at === 0}
                    isLast={at === ordered.length - 1}
                    move={(by) => void move(at, by)}
                    remove={() => setRemoving(policy)}
                  />
                )}
              </Group>
              <PolicyForm
                name={name}
                policy={policy}
                models={value?.models ?? []}
                saved={() => saved(`The policy for ${name} is saved.`)}
              />
            </Card>
          );
        })}
      </Stack>
      {removing !== undefined && (
        <RemovePolicy policy={removing} close={() => setRemoving(undefined)} saved={saved} />
      )}
    </>
  );
}
