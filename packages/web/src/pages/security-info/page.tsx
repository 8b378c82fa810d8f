/** Security info: the keys of the person who is signed in; add, rename, remove. */
import type { OwnKey } from '@kennel/tenant/wire';
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { loadKeys } from '../../api/keys.ts';
import { useSession } from '../../app/session.tsx';
import { useLoad } from '../../app/use-load.ts';
import { Done } from '../../components/done.tsx';
import { Heading } from '../../components/heading.tsx';
import { LoadNotice } from '../../components/load-notice.tsx';
import { AddKey } from './add-key.tsx';
import { KeyCard } from './key-card.tsx';
import { RemoveKey } from './remove-key.tsx';
import { RenameKey } from './rename-key.tsx';
import { SignOutEverywhere } from './sign-out-everywhere.tsx';

/** What is being done, in a dialog. */
type Doing = { what: 'add' } | { what: 'rename' | 'remove'; key: OwnKey };

export default function SecurityInfo() {
  const { session, reload: reloadSession } = useSession();
  const { value, error, reload } = useLoad(loadKeys);
  const [doing, setDoing] = useState<Doing>();
  const [done, setDone] = useState<string>();
  const finish = async (text: string) => {
    await Promise.all([reload(), reloadSession()]);
    setDone(text);
    setDoing(undefined);
  };
  const begin = (next: Doing) => {
    setDone(undefined);
    setDoing(next);
  };
  const close = () => setDoing(undefined);
  const keys = value?.keys ?? [];
  return (
    <>
      <Group justify="space-between" align="flex-start">
        <div>
          <Heading>Security info</Heading>
          <Text mt={4}>The security keys with which {session.user.userPrincipalName} signs in.</Text>
        </div>
        {value?.selfService === true && <Button onClick={() => begin({ what: 'add' })}>Add a key</Button>}
      </Group>
      <Done text={done} />
      <LoadNotice value={value} error={error} reload={reload} />
      {value !== undefined && (
        <>
          <Advice count={keys.length} byPass={session.method === 'pass'} selfService={value.selfService} />
          <Stack
            mt="md"
            component="ul"
            role="list"
            p={0}
            style={{ listStyle: 'none' }}
            aria-label="Your security keys"
          >
            {keys.map((key) => (
              <KeyCard
                key={key.id}
                info={key}
                rename={() => begin({ what: 'rename', key })}
                remove={() => begin({ what: 'remove', key })}
              />
            ))}
          </Stack>
          <SignOutEverywhere />
        </>
      )}
      {doing?.what === 'add' && <AddKey close={close} finish={finish} number={keys.length + 1} />}
      {doing?.what === 'rename' && <RenameKey info={doing.key} close={close} finish={finish} />}
      {doing?.what === 'remove' && (
        <RemoveKey info={doing.key} isLast={keys.length === 1} close={close} finish={finish} />
      )}
    </>
  );
}

function Advice({ count, byPass, selfService }: { count: number; byPass: boolean; selfService: boolean }) {
  const register = selfService ? 'Add one now.' : 'Ask your administrator for one.';
  const advice =
    count === 0
      ? `You have no security key yet. ${register}`
      : byPass
        ? `You signed in with a Temporary Access Pass, which ends soon. See that you have a key that works.${selfService ? '' : ' In your organization an administrator registers keys: ask yours for one.'}`
        : count === 1
          ? 'This is your only key. Add a second one and keep it in a safe place: then you can still sign in when the first is lost.'
          : undefined;
  const title = count === 0 ? 'No key yet' : byPass ? 'Before your pass ends' : 'Only one key';
  return advice === undefined ? null : (
    <Alert mt="md" color="yellow" role="note" title={title}>
      {advice}
    </Alert>
  );
}
