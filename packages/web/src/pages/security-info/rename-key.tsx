/** Giving a key another name. */
import type { OwnKey } from '@kennel/tenant/wire';
import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { renameKey } from '../../api/keys.ts';
import { Dialog } from '../../components/dialog.tsx';

interface Props {
  info: OwnKey;
  close: () => void;
  finish: (text: string) => Promise<void>;
}

export function RenameKey({ info, close, finish }: Props) {
  const [name, setName] = useState(info.displayName);
  const rename = async () => {
    await renameKey(info.id, name.trim());
    await finish(`The key is now called ${name.trim()}.`);
  };
  return (
    <Dialog
      title={`Rename ${info.displayName}`}
      action="Rename"
      busyText="One moment."
      run={rename}
      close={close}
      disabled={name.trim() === ''}
    >
      <TextInput
        label="New name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={128}
        required
        data-autofocus
      />
    </Dialog>
  );
}
