/** Which security keys are accepted: one entry for each group that has one, and the default for everyone else. */
import { Card, Loader, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { admin } from '../../api/admin.ts';
import { useLoad } from '../../app/use-load.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { PolicyForm } from './form.tsx';

const load = async () => ({ policies: await admin.policies(), models: await admin.models() });

export default function Policy() {
  const { value, error, reload } = useLoad(load);
  const [done, setDone] = useState<string>();
  return (
    <>
      <Title order={1}>Policy for keys</Title>
      <Text mt={4}>
        The first entry whose group has the user decides, at registration and again at every sign-in: a
        stricter one stops keys that were registered before. User verification is always required.
      </Text>
      <Text role="status" aria-live="polite" mt="sm">
        {done}
      </Text>
      <ErrorNotice error={error} retry={() => void reload()} />
      {value === undefined && error === undefined && <Loader mt="md" aria-label="Loading" />}
      <Stack mt="md">
        {value?.policies.map((policy) => {
          const name = policy.group?.displayName ?? 'Everyone else';
          return (
            <Card key={policy.group?.id ?? 'default'} component="section" withBorder aria-label={name}>
              <Title order={2} size="h3">
                {name}
              </Title>
              <PolicyForm
                policy={policy}
                models={value.models}
                saved={async () => {
                  setDone(`The policy for ${name} is saved.`);
                  await reload();
                }}
              />
            </Card>
          );
        })}
      </Stack>
    </>
  );
}
