/** The head of a page about one user or device: the way back to all of them, its name, and what was done last. */
import { Anchor } from '@mantine/core';
import { Link } from 'react-router';
import { Done } from '../components/done.tsx';
import { Heading } from '../components/heading.tsx';

interface Props {
  all: { to: string; text: string };
  /** Undefined until it is known. */
  title: string | undefined;
  done: string | undefined;
}

export function SubjectHead({ all, title, done }: Props) {
  return (
    <>
      <Anchor component={Link} to={all.to} underline="always">
        {all.text}
      </Anchor>
      {title !== undefined && <Heading>{title}</Heading>}
      <Done text={done} />
    </>
  );
}
