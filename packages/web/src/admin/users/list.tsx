/** All users; who has no key, or only one, can be picked out. */
import type { User } from '@kennel/tenant/wire';
import { Anchor, Badge, Group, SegmentedControl, TextInput } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useCallback, useState } from 'react';
import { Link } from 'react-router';
import { admin } from '../../api/admin.ts';
import { useLoad } from '../../app/use-load.ts';
import { DataTable } from '../../components/data-table.tsx';
import { Heading } from '../../components/heading.tsx';
import { LoadNotice } from '../../components/load-notice.tsx';
import { shownOf } from '../found.ts';

const CHOICES = [
  { value: 'all', label: 'All users' },
  { value: '0', label: 'Without a key' },
  { value: '1', label: 'With one key only' },
];

export default function Users() {
  const [which, setWhich] = useState('all');
  const [search, setSearch] = useState('');
  const load = useCallback(
    () => (which === 'all' ? admin.users.list() : admin.reports.usersWithKeys(Number(which))),
    [which],
  );
  const { value, error, reload } = useLoad(load);
  const isNarrow = useMediaQuery('(max-width: 30em)') === true;
  const wanted = search.trim().toLowerCase();
  const found = (value ?? []).filter(({ userPrincipalName, displayName }) =>
    `${userPrincipalName} ${displayName}`.toLowerCase().includes(wanted),
  );
  const { shown, caption } = shownOf(found, 'user');
  return (
    <>
      <Heading>Users and keys</Heading>
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
      <LoadNotice value={value} error={error} reload={reload} />
      {value !== undefined && (
        <DataTable
          caption={caption}
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
