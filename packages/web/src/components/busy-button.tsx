/** A button whose action takes a while. It keeps the focus meanwhile, as a disabled one would not; what it does then is nothing. */
import { Button, type ButtonProps, Loader } from '@mantine/core';
import type { ComponentPropsWithoutRef } from 'react';

type Props = Omit<ButtonProps, 'loading'> &
  Omit<ComponentPropsWithoutRef<'button'>, keyof ButtonProps> & { busy: boolean };

export function BusyButton({ busy, onClick, ...others }: Props) {
  return (
    <Button
      {...others}
      {...(busy && {
        'aria-disabled': true,
        className: 'busy',
        leftSection: <Loader size={14} color="currentColor" aria-hidden="true" />,
      })}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    />
  );
}
