/**
 * A dialog's frame. The library's own has a `header` of which screen readers make a second banner of the page, and gives the
 * focus back only where the dialog was there before it was opened.
 */
import { Modal } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';

interface Props {
  title: string;
  opened: boolean;
  close: () => void;
  /** Over another dialog. */
  onTop?: boolean;
  children: ReactNode;
}

export function Window({ title, opened, close, onTop, children }: Props) {
  useEffect(() => (opened ? rememberFocus() : undefined), [opened]);
  return (
    <Modal.Root opened={opened} onClose={close} zIndex={onTop === true ? 300 : 200} returnFocus={false}>
      <Modal.Overlay />
      <Modal.Content>
        <Modal.Header role="none">
          <Modal.Title fw={600}>{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </Modal.Header>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

/** What it answers gives the focus back to what has it now, unless something else took it meanwhile (an error, say). */
function rememberFocus(): () => void {
  const opener = document.activeElement;
  return () => {
    const atClose = document.activeElement;
    setTimeout(() => {
      const now = document.activeElement;
      const isTaken = now !== null && now !== document.body && now !== atClose;
      if (!isTaken && opener instanceof HTMLElement && opener.isConnected) opener.focus();
    });
  };
}
