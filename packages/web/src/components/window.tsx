/** A dialog's frame. The library's own has a `header` of which screen readers make a second banner of the page. */
import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  opened: boolean;
  close: () => void;
  /** Over another dialog. */
  onTop?: boolean;
  children: ReactNode;
}

export function Window({ title, opened, close, onTop, children }: Props) {
  return (
    <Modal.Root opened={opened} onClose={close} zIndex={onTop === true ? 300 : 200}>
      <Modal.Overlay />
      <Modal.Content>
        <Modal.Header role="none">
          <Modal.Title>{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </Modal.Header>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
