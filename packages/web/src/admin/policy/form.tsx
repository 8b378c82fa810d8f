/** One entry of the policy for keys. */
import {
  CERTIFICATION_LEVELS,
  type KeyModelInfo,
  type KeyPolicy,
  type KeyPolicyRules,
  TRANSPORTS,
  transportName,
} from '@kennel/tenant/wire';
import { Group, MultiSelect, NumberInput, Select, Switch, TagsInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { admin } from '../../api/admin.ts';
import { useFreshProof } from '../../app/fresh-proof.tsx';
import { BusyButton } from '../../components/busy-button.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';

const CONNECTIONS = TRANSPORTS.map((value) => ({ value, label: transportName(value) }));
const TYPES: { value: KeyPolicyRules['passkeyTypes'][number]; label: string }[] = [
  { value: 'deviceBound', label: 'Device-bound: the passkey stays on the key' },
  { value: 'synced', label: 'Synced: copied between devices' },
];
const LISTS = [
  { value: 'any', label: 'Any model' },
  { value: 'allow', label: 'Only the models below' },
  { value: 'block', label: 'All models but those below' },
];

interface Props {
  /** Whose policy it is, in words. */
  name: string;
  policy: KeyPolicy;
  models: readonly KeyModelInfo[];
  saved: () => Promise<void>;
}

export function PolicyForm({ name, policy, models, saved }: Props) {
  const { group, updatedOn: _, ...before } = policy;
  const [rules, setRules] = useState<KeyPolicyRules>(before);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const withFreshProof = useFreshProof();
  const change = (changes: Partial<KeyPolicyRules>) => setRules({ ...rules, ...changes });
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await withFreshProof(() => admin.keyPolicies.change(group?.displayName ?? 'default', rules));
      await saved();
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      <Switch
        mt="md"
        label="People may register keys themselves"
        checked={rules.selfService}
        onChange={(event) => change({ selfService: event.currentTarget.checked })}
      />
      <Switch
        mt="sm"
        label="Only keys whose model is proven (attestation)"
        checked={rules.attestationEnforced}
        onChange={(event) => change({ attestationEnforced: event.currentTarget.checked })}
      />
      <ModelsInput rules={rules} models={models} change={change} />
      <MultiSelect
        mt="md"
        label="Kinds of passkeys"
        data={TYPES}
        value={rules.passkeyTypes}
        onChange={(types) => change({ passkeyTypes: types })}
        error={rules.passkeyTypes.length === 0 ? 'Choose one at least' : undefined}
      />
      <Select
        mt="md"
        label="Least certification of the model"
        placeholder="None"
        data={CERTIFICATION_LEVELS}
        value={rules.minimumCertificationLevel}
        onChange={(level) => change({ minimumCertificationLevel: level })}
        clearable
        clearButtonProps={{ 'aria-label': 'No least certification' }}
      />
      <MultiSelect
        mt="md"
        label="Ways to connect"
        description="Nobody signs what a key says of this."
        placeholder={rules.transports === null ? 'Any' : ''}
        data={CONNECTIONS}
        value={rules.transports ?? []}
        onChange={(transports) => change({ transports: transports.length === 0 ? null : transports })}
      />
      <Select
        mt="md"
        label="When a key’s counter goes back"
        description="It may have been copied."
        data={[
          { value: 'block', label: 'Refuse the sign-in' },
          { value: 'log', label: 'Allow it, and note it in the audit' },
        ]}
        value={rules.counterRegression}
        onChange={(value) => value !== null && change({ counterRegression: value as 'block' | 'log' })}
        allowDeselect={false}
      />
      <NumberInput
        mt="md"
        label="Days of offline sign-in"
        description="How long a device signs a person in after it last reached the tenant. 0: never."
        min={0}
        max={14}
        allowDecimal={false}
        value={rules.offlineDays}
        onChange={(value) => typeof value === 'number' && change({ offlineDays: value })}
      />
      <ErrorNotice error={error} />
      <Group mt="lg" justify="flex-end">
        <BusyButton
          type="submit"
          busy={busy}
          disabled={rules.passkeyTypes.length === 0}
          aria-label={`Save the policy for ${name}`}
        >
          Save
        </BusyButton>
      </Group>
    </form>
  );
}

interface ModelsProps {
  rules: KeyPolicyRules;
  models: readonly KeyModelInfo[];
  change: (changes: Partial<KeyPolicyRules>) => void;
}

/** By name where the metadata knows the model; by AAGUID in any case. */
function ModelsInput({ rules: { keyRestrictions }, models, change }: ModelsProps) {
  const { isEnforced, enforcementType, aaGuids } = keyRestrictions;
  const nameOf = new Map(models.map(({ aaGuid, name }) => [aaGuid, `${name} (${aaGuid})`]));
  const guidOf = new Map([...nameOf].map(([aaGuid, name]) => [name, aaGuid]));
  const kind = isEnforced ? enforcementType : 'any';
  const restrict = (changes: Partial<KeyPolicyRules['keyRestrictions']>) =>
    change({ keyRestrictions: { ...keyRestrictions, ...changes } });
  return (
    <>
      <Select
        mt="md"
        label="Models"
        data={LISTS}
        value={kind}
        onChange={(value) =>
          restrict(
            value === 'allow' || value === 'block'
              ? { isEnforced: true, enforcementType: value }
              : { isEnforced: false },
          )
        }
        allowDeselect={false}
      />
      {kind !== 'any' && (
        <TagsInput
          mt="md"
          label="Models of the list"
          description="By name, or an AAGUID that the metadata service does not know."
          data={[...guidOf.keys()]}
          limit={50}
          value={aaGuids.map((aaGuid) => nameOf.get(aaGuid) ?? aaGuid)}
          onChange={(names) => restrict({ aaGuids: names.map((name) => guidOf.get(name) ?? name.trim()) })}
        />
      )}
    </>
  );
}
