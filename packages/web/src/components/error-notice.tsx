/** An error as people are shown it: what happened, what to do next, and the number under which it is logged. */
import { Alert, Button, Code, Group, Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { ApiError } from '../api/client.ts';
import { CeremonyError } from '../ceremony/ceremony-error.ts';

interface Props {
  error: unknown;
  retry?: () => void;
  onClose?: () => void;
}

export function ErrorNotice({ error, retry, onClose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error !== undefined) box.current?.focus(); // read out, and in view
  }, [error]);
  if (error === undefined) return null;
  const { title, message, traceId } = shown(error);
  return (
    <Alert
      ref={box}
      tabIndex={-1}
      role="alert"
      color="red"
      title={title}
      my="md"
      {...(onClose && { withCloseButton: true, closeButtonLabel: 'Close', onClose })}
    >
      <Text size="sm">{message}</Text>
      {traceId !== undefined && (
        <Text size="xs" mt="xs">
          Trace id: <Code>{traceId}</Code>
        </Text>
      )}
      {retry !== undefined && (
        <Group mt="sm">
          <Button size="xs" onClick={retry}>
            Try again
          </Button>
        </Group>
      )}
    </Alert>
  );
}

function shown(error: unknown): { title: string; message: string; traceId?: string | undefined } {
  if (error instanceof CeremonyError)
    return { title: error.title, message: error.message, traceId: error.traceId };
  if (error instanceof ApiError)
    return { title: 'That did not work', message: error.message, traceId: error.traceId };
  return {
    title: 'Something went wrong in this page',
    message: 'Load the page again. If it persists, tell your administrator.',
  };
}
