/** The heading of a page: it is the window's title too, and takes the focus of who came from another page. */
import { Title } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useNavigationType } from 'react-router';
import { useSession } from '../app/session.tsx';

/** Whether a page was shown since the browser loaded the application: for the first one it begins at the top by itself. */
let isFirst = true;

export function Heading({ children: text }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { session } = useSession();
  const isBack = useRef(useNavigationType() === 'POP');
  useEffect(() => {
    document.title = `${text} - ${session.tenantName}`;
  }, [text, session.tenantName]);
  useEffect(() => {
    if (!isFirst) {
      heading.current?.focus({ preventScroll: true });
      if (!isBack.current) window.scrollTo(0, 0);
    }
    isFirst = false;
  }, []);
  return (
    <Title order={1} ref={heading} tabIndex={-1} style={{ overflowWrap: 'anywhere' }}>
      {text}
    </Title>
  );
}
