/** Security info: the keys of the person who is signed in. */
import { Text, Title } from '@mantine/core';
import { useSession } from '../../app/session.tsx';

export default function SecurityInfo() {
  const { session } = useSession();
  return (
    <>
      <Title order={1}>Security info</Title>
      <Text mt="md">The keys with which {session.user.userPrincipalName} signs in.</Text>
    </>
  );
}
