/** One key of the list. */
import type { OwnKey } from '@kennel/tenant/wire';
import { Alert, Badge, Button, Card, Group, Image, Text, Title } from '@mantine/core';
import { KeyIcon } from '../../components/icons.tsx';
import { Time } from '../../components/time.tsx';

interface Props {
  info: OwnKey;
  rename: () => void;
  remove: () => void;
}

export function KeyCard({ info, rename, remove }: Props) {
  return (
    <Card component="li" withBorder padding="md">
      <Group wrap="nowrap" align="flex-start">
        {info.icon === null ? (
          <KeyIcon size={40} />
        ) : (
          <Image src={info.icon} alt="" w={40} h={40} fit="contain" />
        )}
        <div style={{ flex: 1, minWidth: 0 }}>
          <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
            {info.displayName}
          </Title>
          <Text size="sm">{info.model ?? 'Model unknown to the metadata service'}</Text>
          <Group gap="xs" mt="xs">
            {info.current && <Badge color="teal.9">Used for this session</Badge>}
            <Badge variant="default">{info.attested ? 'Model proven' : 'Model not proven'}</Badge>
            <Badge variant="default">
              {info.passkeyType === 'deviceBound' ? 'Stays on this key' : 'Copied between your devices'}
            </Badge>
          </Group>
          <Text size="sm" mt="xs">
            Added <Time value={info.createdOn} />.{' '}
            {info.lastUsedOn === null ? (
              !info.current && 'Not used to sign in yet.'
            ) : (
              <>
                Last used <Time value={info.lastUsedOn} />
                {info.lastUsedWhere !== null && ` on ${info.lastUsedWhere}`}.
              </>
            )}
          </Text>
          {info.refused !== null && (
            <Alert mt="sm" color="red" title="This key is not accepted any more">
              {info.refused}
            </Alert>
          )}
        </div>
      </Group>
      <Group mt="md" justify="flex-end">
        <Button variant="default" size="xs" onClick={rename} aria-label={`Rename ${info.displayName}`}>
          Rename
        </Button>
        <Button variant="default" size="xs" onClick={remove} aria-label={`Remove ${info.displayName}`}>
          Remove
        </Button>
      </Group>
    </Card>
  );
}
