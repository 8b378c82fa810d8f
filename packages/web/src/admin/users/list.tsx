/** All users; who has no key, or only one, can be picked out. */
import { Anchor, Badge, Group, Loader, SegmentedControl, TextInput, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useCallback, useState } from 'react';
import { Link } from 'react-router';
import { admin, type User } from '../../api/admin.ts';
import { useLoad } from '../../app/use-load.ts';
import { DataTable } from '../../components/data-table.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';

const SHOWN_AT_MOST = 200;
const CHOICES = [
  { value: 'all', label: 'All users' },
  { value: '0', label: 'Without a key' },
  { value: '1', label: 'With one key only' },
];

export default function Users() {
  const [which, setWhich] = useState('all');
  const [search, setSearch] = useState('');
  const load = useCallback(
    () => (which === 'all' ? admin.users() : admin.usersWithKeys(Number(which))),
    [which],
  );
  const { value, error, reload } = useLoad(load);
  const isNarrow = useMediaQuery('(max-width: 30em)') === true;
  const wanted = search.trim().toLowerCase();
  const found = (value ?? []).filter(({ userPrincipalName, displayName }) =>
    `${userPrincipalName} ${displayName}`.toLowerCase().includes(wanted),
  );
  const shown = found.slice(0, SHOWN_AT_MOST);
  return (
    <>
      <Title order={1}>Users and keys</Title>
      <Group mt="md" align="flex-end">
        <TextInput
          label="Find a user"
          type="search"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          style={{ flex: 1, minWidth: 220 }}
        />
        <SegmentedControl
          aria-label="Which users"
          data={CHOICES}
          value={which}
          onChange={setWhich}
          orientation={isNarrow ? 'vertical' : 'horizontal'}
          fullWidth={isNarrow}
          style={isNarrow ? { width: '100%' } : {}}
        />
      </Group>
      <ErrorNotice error={error} retry={() => void reload()} />
      {value === undefined && error === undefined && <Loader mt="md" aria-label="Loading" />}
      {value !== undefined && (
        <DataTable
          caption={
            found.length > shown.length
              ? `The first ${shown.length} of ${found.length} users: search for others`
              : `${found.length} ${found.length === 1 ? 'user' : 'users'}`
          }
          headings={['User', 'Name', 'State']}
          rows={shown.map((user) => ({ key: user.id, cells: cellsOf(user) }))}
          nothing={wanted === '' ? 'There is no such user.' : `No user is called like “${search.trim()}”.`}
        />
      )}
    </>
  );
}

const cellsOf = ({ id, userPrincipalName, displayName, enabled, role }: User) => [
  <Anchor key="user" component={Link} to={`/admin/users/${id}`} underline="always">
    {userPrincipalName}
  </Anchor>,
  displayName,
  <Group key="state" gap="xs">
    <Badge variant="default">{enabled ? 'Enabled' : 'Disabled'}</Badge>
    {role === 'administrator' && <Badge variant="default">Administrator</Badge>}
  </Group>,
];
