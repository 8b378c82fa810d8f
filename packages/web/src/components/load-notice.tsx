/** In the place of what a page has not yet: that it is being loaded, or why it could not be. */
import { Loader } from '@mantine/core';
import type { Loaded } from '../app/use-load.ts';
import { ErrorNotice } from './error-notice.tsx';

export function LoadNotice({ value, error, reload }: Loaded<unknown>) {
  if (error !== undefined) return <ErrorNotice error={error} retry={() => void reload()} />;
  return value === undefined ? <Loading /> : null;
}

export const Loading = () => <Loader mt="md" role="progressbar" aria-label="Loading" />;
