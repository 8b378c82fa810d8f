/** The models of security keys that this tenant accepts of the person who is signed in. */
import { type AcceptedKeys, transportName } from '@kennel/tenant/wire';
import { Badge, List } from '@mantine/core';
import { api } from '../api/client.ts';
import { useLoad } from '../app/use-load.ts';
import { DataTable } from '../components/data-table.tsx';
import { Heading } from '../components/heading.tsx';
import { LoadNotice } from '../components/load-notice.tsx';

const load = () => api.get<AcceptedKeys>('/api/accepted-keys');

export default function AcceptedKeysPage() {
  const { value, error, reload } = useLoad(load);
  return (
    <>
      <Heading>Accepted keys</Heading>
      <LoadNotice value={value} error={error} reload={reload} />
      {value !== undefined && <Rules accepted={value} />}
      {value !== undefined && <Models accepted={value} />}
    </>
  );
}

function Rules({ accepted }: { accepted: AcceptedKeys }) {
  const { passkeyTypes, minimumCertificationLevel: level, transports } = accepted;
  return (
    <List mt="md" spacing="xs">
      <List.Item>
        {accepted.attestationRequired
          ? 'Only the models below, and only where the key proves its model.'
          : 'Any model of FIDO2 key, but those that are known to be unsafe.'}
      </List.Item>
      <List.Item>The key must ask for a PIN or a fingerprint.</List.Item>
      {passkeyTypes.length === 1 && (
        <List.Item>
          {passkeyTypes[0] === 'deviceBound'
            ? 'Only keys that hold their passkey for themselves; passkeys that are copied between devices are not accepted.'
            : 'Only passkeys that are copied between devices, as those of phones and password managers.'}
        </List.Item>
      )}
      {level !== null && <List.Item>Certified by the FIDO Alliance at level {level} or higher.</List.Item>}
      {transports !== null && <List.Item>Connected by {transports.map(transportName).join(', ')}.</List.Item>}
      <List.Item>
        {accepted.selfService
          ? 'You may register keys yourself, on the page Security info.'
          : 'Keys are registered by an administrator.'}
      </List.Item>
    </List>
  );
}

function Models({ accepted: { models, attestationRequired } }: { accepted: AcceptedKeys }) {
  return (
    <DataTable
      caption={`${models.length} ${models.length === 1 ? 'model' : 'models'}`}
      headings={['Model', 'Certified', 'Connects by']}
      rows={models.map(({ aaGuid, name, certificationLevel: level, transports }) => ({
        key: aaGuid,
        cells: [
          name,
          level === null ? (
            'no'
          ) : (
            <Badge key="level" variant="default">
              {level}
            </Badge>
          ),
          transports?.map(transportName).join(', ') ?? 'not said',
        ],
      }))}
      nothing={
        attestationRequired
          ? 'At present no model is accepted. Ask your administrator.'
          : 'The metadata service, which knows the models, is not set up here; no model is refused for that.'
      }
    />
  );
}
