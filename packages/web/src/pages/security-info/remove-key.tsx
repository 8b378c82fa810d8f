/** Removing a key: another key confirms it, or a Temporary Access Pass that has just been used. */
import type { OwnKey } from '@kennel/tenant/wire';
import { Alert, Checkbox, Text } from '@mantine/core';
import { useState } from 'react';
import { removeKeyByKey, removeKeyByPass } from '../../api/keys.ts';
import { useSession } from '../../app/session.tsx';
import { Dialog } from '../../components/dialog.tsx';

interface Props {
  info: OwnKey;
  isLast: boolean;
  close: () => void;
  finish: (text: string) => Promise<void>;
}

export function RemoveKey({ info, isLast, close, finish }: Props) {
  const { session } = useSession();
  const [understood, setUnderstood] = useState(false);
  const byPass = session.method === 'pass';
  const remove = async () => {
    if (byPass) await removeKeyByPass(info.id, isLast && understood);
    else await removeKeyByKey(info.id);
    await finish(`${info.displayName} is removed: it stops working at once.`);
  };
  const blocked = isLast && !byPass;
  return (
    <Dialog
      title={`Remove ${info.displayName}`}
      action="Remove"
      busyText={byPass ? 'One moment.' : 'Use another key of yours to confirm.'}
      run={remove}
      close={close}
      disabled={blocked || (isLast && !understood)}
      danger
    >
      {blocked ? (
        <Alert color="yellow" title="This is your only key">
          Another key must confirm that this one goes. Add a second key first, or sign in with a Temporary
          Access Pass from your administrator.
        </Alert>
      ) : (
        <Text>
          {byPass
            ? 'Your Temporary Access Pass confirms it.'
            : 'Have another key of yours at hand: it confirms that this one goes.'}{' '}
          The key stops working at the next sign-in. Tickets that it brought end within ten hours.
        </Text>
      )}
      {isLast && byPass && (
        <Alert color="red" mt="md" title="This is your last key">
          <Text size="sm" mb="sm">
            Without it you cannot sign in, until you register another one or your administrator gives you a
            new pass.
          </Text>
          <Checkbox
            label="I understand: no key is left then"
            checked={understood}
            onChange={(event) => setUnderstood(event.currentTarget.checked)}
          />
        </Alert>
      )}
    </Dialog>
  );
}
