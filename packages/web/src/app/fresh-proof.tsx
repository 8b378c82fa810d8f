/**
 * What is dangerous asks for one's key again: the tenant refuses it with `fresh-assertion-required`, the person is asked,
 * and it is tried once more.
 */
import { Button, Group, Text } from '@mantine/core';
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react';
import { ApiError } from '../api/client.ts';
import { renewProof } from '../api/keys.ts';
import { BusyButton } from '../components/busy-button.tsx';
import { ErrorNotice } from '../components/error-notice.tsx';
import { Window } from '../components/window.tsx';
import { useSession } from './session.tsx';

/** Runs an action, asking for the key where the tenant wants that. @throws whatever the action throws */
export type WithFreshProof = <T>(action: () => Promise<T>) => Promise<T>;

const Context = createContext<WithFreshProof | undefined>(undefined);

export function FreshProofProvider({ children }: { children: ReactNode }) {
  const { reload } = useSession();
  const [asked, setAsked] = useState<{ proven: () => void; given: (error: unknown) => void }>();
  const withProof = useCallback<WithFreshProof>(async (action) => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'fresh-assertion-required') throw error;
      await new Promise<void>((proven, reject) => {
        setAsked({ proven, given: () => reject(error) });
      });
      return action();
    }
  }, []);
  const close = () => {
    asked?.given(undefined);
    setAsked(undefined);
  };
  const proven = async () => {
    await reload();
    asked?.proven();
    setAsked(undefined);
  };
  return (
    <Context value={withProof}>
      {children}
      <Window title="Confirm that it is you" opened={asked !== undefined} close={close} onTop>
        <Ask proven={proven} cancel={close} />
      </Window>
    </Context>
  );
}

function Ask({ proven, cancel }: { proven: () => Promise<void>; cancel: () => void }) {
  const { session } = useSession();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const confirm = async () => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await renewProof();
      await proven();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Text>
        {session.method === 'pass'
          ? 'Your sign-in with the Temporary Access Pass is more than five minutes old. Use a key of yours, or sign out and sign in with the pass again.'
          : 'Your last proof is more than five minutes old. Use a security key of yours.'}
      </Text>
      <ErrorNotice error={error} />
      <div role="status" className="going-on">
        {busy ? 'Follow the dialog of your browser, then touch your key when it blinks.' : ''}
      </div>
      <Group mt="lg" justify="flex-end">
        <Button variant="default" onClick={cancel}>
          Cancel
        </Button>
        <BusyButton onClick={() => void confirm()} busy={busy} data-autofocus>
          Use my security key
        </BusyButton>
      </Group>
    </>
  );
}

export function useFreshProof(): WithFreshProof {
  const withProof = useContext(Context);
  if (withProof === undefined) throw new Error('useFreshProof is for pages below FreshProofProvider');
  return withProof;
}
