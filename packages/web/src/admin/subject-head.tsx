/** The head of a page about one user or device: the way back to all of them, its name, and what was done last. */
import { Anchor, Text, Title } from '@mantine/core';
import { Link } from 'react-router';

interface Props {
  all: { to: string; text: string };
  title: string;
  done: string | undefined;
}

export function SubjectHead({ all, title, done }: Props) {
  return (
    <>
      <Anchor component={Link} to={all.to} underline="always">
        {all.text}
      </Anchor>
      <Title order={1} mt="xs" style={{ overflowWrap: 'anywhere' }}>
        {title}
      </Title>
      <Text role="status" aria-live="polite" mt="sm">
        {done}
      </Text>
    </>
  );
}
