/** What an administrator does with a user, each asked for once more before it is done. */
import type { SecurityKeyInfo, User } from '@kennel/tenant/wire';
import { Text } from '@mantine/core';
import { admin } from '../../api/admin.ts';
import { useFreshProof } from '../../app/fresh-proof.tsx';
import { Dialog } from '../../components/dialog.tsx';

export type Doing =
  | { what: 'remove'; key: SecurityKeyInfo }
  | { what: 'sign-out' | 'enable' | 'disable' | 'promote' | 'demote' };

interface Plan {
  title: string;
  action: string;
  danger: boolean;
  /** What comes of it. */
  text: string;
  run: () => Promise<unknown>;
  done: string;
}

function planOf({ id, displayName: name }: User, doing: Doing): Plan {
  switch (doing.what) {
    case 'remove':
      return {
        title: `Remove ${doing.key.displayName}`,
        action: 'Remove',
        danger: true,
        text: `${name} can no longer sign in with this key, from the next request on. Tickets that it brought end within ten hours.`,
        run: () => admin.keys.remove(id, doing.key.id),
        done: `${doing.key.displayName} is removed.`,
      };
    case 'sign-out':
      return {
        title: 'Sign out everywhere',
        action: 'Sign out',
        danger: true,
        text: `Every web session and device of ${name} has to sign in again with a key. Tickets of the domain end within ten hours.`,
        run: () => admin.users.signOut(id),
        done: `${name} is signed out everywhere.`,
      };
    case 'enable':
      return {
        title: 'Enable the user',
        action: 'Enable',
        danger: false,
        text: `${name} can sign in again.`,
        run: () => admin.users.enable(id),
        done: `${name} is enabled.`,
      };
    case 'disable':
      return {
        title: 'Disable the user',
        action: 'Disable',
        danger: true,
        text: `${name} is refused from the next request on.`,
        run: () => admin.users.disable(id),
        done: `${name} is disabled.`,
      };
    case 'promote':
      return {
        title: 'Make an administrator',
        action: 'Make an administrator',
        danger: true,
        text: `${name} can then do everything that you can: change users, keys, passes, devices and policies, and make administrators.`,
        run: () => admin.users.setRole(id, 'administrator'),
        done: `${name} is an administrator.`,
      };
    case 'demote':
      return {
        title: 'Take the role away',
        action: 'Take it away',
        danger: true,
        text: `${name} is a user like others, from the next request on. Where nobody is left, \`kennel user set-role\` on the tenant's host makes an administrator.`,
        run: () => admin.users.setRole(id, 'user'),
        done: `${name} is no administrator any more.`,
      };
  }
}

interface Props {
  user: User;
  doing: Doing | undefined;
  close: () => void;
  finish: (text: string) => Promise<void>;
}

export function Doings({ user, doing, close, finish }: Props) {
  const withFreshProof = useFreshProof();
  if (doing === undefined) return null;
  const { title, action, danger, text, run, done } = planOf(user, doing);
  return (
    <Dialog
      title={title}
      action={action}
      busyText="One moment."
      danger={danger}
      close={close}
      run={async () => {
        await withFreshProof(run);
        await finish(done);
      }}
    >
      <Text>{text}</Text>
    </Dialog>
  );
}
