/** What happened at registrations and sign-ins with keys, step by step, numbered as Windows numbers it. */
import type { CeremonyEvent } from '@kennel/tenant/wire';
import { Badge, Button, Group, Select, Text, TextInput } from '@mantine/core';
import { type FormEvent, useCallback, useState } from 'react';
import { useSearchParams } from 'react-router';
import { admin } from '../../api/admin.ts';
import { useLoad } from '../../app/use-load.ts';
import { DataTable } from '../../components/data-table.tsx';
import { Heading } from '../../components/heading.tsx';
import { LoadNotice } from '../../components/load-notice.tsx';
import { Moment } from '../../components/time.tsx';

const SPANS = [
  { value: '1', label: 'Last hour' },
  { value: '24', label: 'Last day' },
  { value: '168', label: 'Last week' },
  { value: '720', label: 'Last thirty days' },
];
const WIDE = { flex: '2 1 14rem' };
const HOUR_MS = 3_600_000;
const isFailure = (event: number) => event === 1002 || event === 1005 || event === 2103;

export default function Events() {
  const [parameters, setParameters] = useSearchParams();
  const user = parameters.get('user') ?? '';
  const trace = parameters.get('trace') ?? '';
  const hours = parameters.get('hours') ?? '24';
  const [form, setForm] = useState({ user, trace });
  const load = useCallback(() => {
    const since = new Date(Date.now() - Number(hours) * HOUR_MS).toISOString();
    return admin.ceremonies.list({ limit: 200, since, ...(user && { user }), ...(trace && { trace }) });
  }, [user, trace, hours]);
  const { value, error, reload } = useLoad(load);
  const look = (more: Record<string, string>) => {
    const next = { ...form, hours, ...more };
    setParameters(Object.fromEntries(Object.entries(next).filter(([, text]) => text.trim() !== '')));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    look({});
  };
  return (
    <>
      <Heading>Key events</Heading>
      <Text mt={4}>
        Each step of a registration or a sign-in with a security key, with the numbers of
        Microsoft-Windows-WebAuthN/Operational. An error that a person saw is found by its trace id.
      </Text>
      <form onSubmit={submit}>
        <Group mt="md" align="flex-end">
          <TextInput
            label="User"
            style={WIDE}
            value={form.user}
            onChange={(event) => setForm({ ...form, user: event.currentTarget.value })}
          />
          <TextInput
            label="Trace id"
            style={WIDE}
            value={form.trace}
            onChange={(event) => setForm({ ...form, trace: event.currentTarget.value })}
          />
          <Select
            label="Since"
            style={{ flex: '1 1 9rem' }}
            data={SPANS}
            value={hours}
            onChange={(span) => span !== null && look({ hours: span })}
            allowDeselect={false}
          />
          <Button type="submit">Show</Button>
          <Button variant="default" onClick={() => void reload()}>
            Load again
          </Button>
        </Group>
      </form>
      <LoadNotice value={value} error={error} reload={reload} />
      {value !== undefined && (
        <DataTable
          caption={`${value.length} ${value.length === 1 ? 'step' : 'steps'}, the newest first`}
          headings={['Time', 'Event', 'User', 'Model', 'What was said', 'Trace id']}
          minWidth={900}
          rows={value.map((event) => ({ key: event.id, cells: cellsOf(event) }))}
          nothing="Nothing happened in this time. The log keeps thirty days."
        />
      )}
    </>
  );
}

const cellsOf = (event: CeremonyEvent) => [
  <Moment key="time" value={event.time} seconds />,
  <Group key="event" gap="xs" wrap="nowrap">
    <Badge variant={isFailure(event.event) ? 'filled' : 'default'} color="red.9" style={{ flexShrink: 0 }}>
      {event.event}
    </Badge>
    {event.step}
  </Group>,
  event.userPrincipalName ?? 'Not known',
  event.model ?? event.aaGuid ?? '',
  said(event),
  <span key="trace" style={{ fontFamily: 'monospace', fontSize: '0.85em' }}>
    {event.traceId}
  </span>,
];

/** What the tenant, the browser and the key said, as far as they did. */
function said({ reason, clientError, ctapStatus, elapsedMs, origin }: CeremonyEvent): string {
  const parts = [
    reason,
    clientError,
    ctapStatus === null ? null : `CTAP 0x${ctapStatus.toString(16).padStart(2, '0')}`,
    elapsedMs === null ? null : `${elapsedMs} ms`,
    origin,
  ];
  return parts.filter((part) => part !== null).join(', ');
}
