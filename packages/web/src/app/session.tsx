/** Who is signed in, for every page below; who is not is sent to the sign-in page and comes back. */
import type { OwnSession } from '@kennel/tenant/wire';
import { Center, Title } from '@mantine/core';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react';
import { api } from '../api/client.ts';
import { ErrorNotice } from '../components/error-notice.tsx';
import { Loading } from '../components/load-notice.tsx';

interface Signed {
  session: OwnSession;
  /** Asks for the session again: it was changed, or may be over. */
  reload: () => Promise<void>;
}

const Context = createContext<Signed | undefined>(undefined);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<OwnSession>();
  const [error, setError] = useState<unknown>();
  const reload = useCallback(async () => {
    try {
      setSession(await api.session());
    } catch (cause) {
      setError(cause);
    }
  }, []);
  useEffect(() => {
    void reload();
    // A page that the back button brings out of the browser's memory may be of a session that is over.
    const onShow = (event: PageTransitionEvent) => event.persisted && void reload();
    window.addEventListener('pageshow', onShow);
    return () => window.removeEventListener('pageshow', onShow);
  }, [reload]);
  if (error !== undefined) {
    return (
      <main className="alone">
        <Title order={1}>This page cannot be shown</Title>
        <ErrorNotice error={error} retry={() => window.location.reload()} />
      </main>
    );
  }
  if (session === undefined) {
    return (
      <Center h="60vh">
        <Loading />
      </Center>
    );
  }
  return <Context value={{ session, reload }}>{children}</Context>;
}

export function useSession(): Signed {
  const signed = useContext(Context);
  if (signed === undefined) throw new Error('useSession is for pages below SessionProvider');
  return signed;
}
