/** A dialog with one action that may fail: the error stays in it, and a second click does nothing while it runs. */
import { Button, Group } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { BusyButton } from './busy-button.tsx';
import { ErrorNotice } from './error-notice.tsx';
import { Window } from './window.tsx';

interface Props {
  title: string;
  action: string;
  /** While it runs, shown and read out. */
  busyText: string;
  run: () => Promise<void>;
  close: () => void;
  disabled?: boolean;
  danger?: boolean;
  children: ReactNode;
}

export function Dialog({ title, action, busyText, run, close, disabled, danger, children }: Props) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await run();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Window title={title} opened close={close}>
      <form onSubmit={(event) => void submit(event)}>
        {children}
        <ErrorNotice error={error} />
        <div role="status" className="going-on">
          {busy ? busyText : ''}
        </div>
        <Group mt="lg" justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <BusyButton
            type="submit"
            busy={busy}
            disabled={disabled === true}
            {...(danger && { color: 'red.9' })}
          >
            {action}
          </BusyButton>
        </Group>
      </form>
    </Window>
  );
}
