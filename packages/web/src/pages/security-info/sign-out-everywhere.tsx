/** For who left a session open elsewhere, or lost a device: every session and device has to sign in again. */
import { Button, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { Dialog } from '../../components/dialog.tsx';

export function SignOutEverywhere() {
  const [asking, setAsking] = useState(false);
  return (
    <section aria-labelledby="sign-out-everywhere">
      <Title order={2} size="h3" mt="xl" id="sign-out-everywhere">
        Lost a device?
      </Title>
      <Text mt={4}>End everything that you are signed in to, in every browser and on every device.</Text>
      <Button variant="default" mt="sm" onClick={() => setAsking(true)}>
        Sign out everywhere
      </Button>
      {asking && (
        <Dialog
          title="Sign out everywhere"
          action="Sign out"
          busyText="One moment."
          danger
          close={() => setAsking(false)}
          run={async () => {
            await api.delete('/api/sign-ins');
            window.location.assign('/sign-in?signed-out=1');
          }}
        >
          <Text>
            Each of your browsers and devices asks for your key again, this one too. What a device has fetched
            from your organization’s servers ends within ten hours. If you lost a key, remove it as well.
          </Text>
        </Dialog>
      )}
    </section>
  );
}
