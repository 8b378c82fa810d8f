/** Registering a further key. */
import { Anchor, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { registerKey, registrationOptions } from '../../api/keys.ts';
import { useFreshProof } from '../../app/fresh-proof.tsx';
import { Dialog } from '../../components/dialog.tsx';

interface Props {
  number: number;
  close: () => void;
  finish: (text: string) => Promise<void>;
}

export function AddKey({ number, close, finish }: Props) {
  const [name, setName] = useState(`Key ${number}`);
  const withFreshProof = useFreshProof();
  const add = async () => {
    const options = await withFreshProof(registrationOptions);
    await registerKey(options, name.trim());
    await finish(`${name.trim()} is registered. You can sign in with it.`);
  };
  return (
    <Dialog
      title="Add a security key"
      action="Continue"
      busyText="Follow the dialog of your browser, then touch the key when it blinks."
      run={add}
      close={close}
      disabled={name.trim() === ''}
    >
      <TextInput
        label="A name for the key"
        description="By which you know it again: its colour, or where you keep it."
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={128}
        required
        data-autofocus
      />
      <Text size="sm" mt="md">
        Plug the key in, or hold it ready. Your browser asks for its PIN or your fingerprint, and whether this
        organization may see its make and model: allow that, since some organizations accept only certain
        models. This one accepts what is listed under{' '}
        <Anchor component={Link} to="/accepted-keys" underline="always">
          Accepted keys
        </Anchor>
        .
      </Text>
    </Dialog>
  );
}
