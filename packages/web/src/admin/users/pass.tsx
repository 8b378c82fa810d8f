/** The Temporary Access Pass of a user: made, shown once, deleted. */
import type { Pass, PassPolicy, User } from '@kennel/tenant/wire';
import { Alert, Button, Checkbox, Code, CopyButton, Group, Select, Text, Title } from '@mantine/core';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { admin } from '../../api/admin.ts';
import { ApiError } from '../../api/client.ts';
import { useFreshProof } from '../../app/fresh-proof.tsx';
import { useLoad } from '../../app/use-load.ts';
import { Dialog } from '../../components/dialog.tsx';
import { Done } from '../../components/done.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { Moment } from '../../components/time.tsx';
import { spanOf } from '../span.ts';

const LIFETIMES = [10, 60, 480, 1440, 10_080, 43_200];

export function PassOfUser({ user }: { user: User }) {
  const load = useCallback(
    async () => ({ pass: await passOf(user.id), policy: await admin.passes.policy() }),
    [user.id],
  );
  const { value, error, reload } = useLoad(load);
  const [doing, setDoing] = useState<'create' | 'delete'>();
  const [made, setMade] = useState<Pass>();
  const withFreshProof = useFreshProof();
  const [done, setDone] = useState<string>();
  const close = () => setDoing(undefined);
  const create = useRef<HTMLButtonElement>(null);
  const begin = (what: 'create' | 'delete') => {
    setDone(undefined);
    setDoing(what);
  };
  const whyNot = value && whyNone(value.policy, user);
  return (
    <section aria-labelledby="pass">
      <Title order={2} mt="xl" size="h3" id="pass">
        Temporary Access Pass
      </Title>
      <Done text={done} />
      <ErrorNotice error={error} retry={() => void reload()} />
      {made?.temporaryAccessPass != null && (
        <Shown
          pass={made}
          close={() => {
            setMade(undefined);
            create.current?.focus();
          }}
        />
      )}
      {value !== undefined && (
        <Group justify="space-between" mt="sm">
          <div>
            <Text>{stateOf(value.pass)}</Text>
            {whyNot !== undefined && <Text id="why-no-pass">{whyNot}</Text>}
          </div>
          <Group gap="xs">
            {value.pass !== undefined && (
              <Button variant="default" onClick={() => begin('delete')}>
                Delete the pass
              </Button>
            )}
            <Button
              ref={create}
              onClick={() => begin('create')}
              disabled={whyNot !== undefined}
              {...(whyNot !== undefined && { 'aria-describedby': 'why-no-pass' })}
            >
              Create a pass
            </Button>
          </Group>
        </Group>
      )}
      {doing === 'create' && value !== undefined && (
        <CreatePass
          user={user}
          policy={value.policy}
          close={close}
          finish={async (pass) => {
            await reload();
            setMade(pass);
            close();
          }}
        />
      )}
      {doing === 'delete' && (
        <Dialog
          title="Delete the pass"
          action="Delete"
          busyText="One moment."
          danger
          close={close}
          run={async () => {
            await withFreshProof(() => admin.passes.remove(user.id));
            setMade(undefined);
            await reload();
            setDone('The pass is deleted.');
            close();
          }}
        >
          <Text>It stops working at the next request, also where it was entered already.</Text>
        </Dialog>
      )}
    </section>
  );
}

interface CreateProps {
  user: User;
  policy: PassPolicy;
  close: () => void;
  finish: (pass: Pass) => Promise<void>;
}

function CreatePass({ user, policy, close, finish }: CreateProps) {
  const { minimumLifetimeInMinutes: least, maximumLifetimeInMinutes: most, isUsableOnce } = policy;
  const choices = [...new Set([least, policy.defaultLifetimeInMinutes, most, ...LIFETIMES])]
    .filter((minutes) => minutes >= least && minutes <= most)
    .sort((a, b) => a - b);
  const [minutes, setMinutes] = useState(String(policy.defaultLifetimeInMinutes));
  const [once, setOnce] = useState(true);
  const withFreshProof = useFreshProof();
  return (
    <Dialog
      title="Create a pass"
      action="Create"
      busyText="One moment."
      close={close}
      run={async () => {
        const given = { lifetimeInMinutes: Number(minutes), isUsableOnce: once };
        await finish(await withFreshProof(() => admin.passes.create(user.id, given)));
      }}
    >
      <Text>
        With it {user.displayName} signs in once and registers a security key. It takes the place of a pass
        that is there.
      </Text>
      <Select
        mt="md"
        label="How long it is good"
        data={choices.map((choice) => ({ value: String(choice), label: spanOf(choice) }))}
        value={minutes}
        onChange={(value) => value !== null && setMinutes(value)}
        allowDeselect={false}
        data-autofocus
      />
      <Checkbox
        mt="md"
        label="For one registration only"
        checked={once}
        disabled={isUsableOnce}
        onChange={(event) => setOnce(event.currentTarget.checked)}
      />
    </Dialog>
  );
}

function Shown({ pass, close }: { pass: Pass; close: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  const spelled = pass.temporaryAccessPass?.match(/.{1,4}/g)?.join('-') ?? '';
  return (
    <Alert
      ref={box}
      tabIndex={-1}
      role="alert"
      color="yellow"
      mt="sm"
      title="The pass: it is shown this once"
      withCloseButton
      closeButtonLabel="Hide the pass"
      onClose={close}
    >
      <Group>
        <Code fz="lg">{spelled}</Code>
        <CopyButton value={spelled}>
          {({ copied, copy }) => (
            <>
              <Button size="xs" variant="default" onClick={copy}>
                Copy the pass
              </Button>
              <Text role="status" size="sm">
                {copied ? 'Copied.' : ''}
              </Text>
            </>
          )}
        </CopyButton>
      </Group>
      <Text size="sm" mt="sm">
        Good for {spanOf(pass.lifetimeInMinutes)}. Give it to the person in person or by telephone, never by
        the mail that it may open.
      </Text>
    </Alert>
  );
}

/** Undefined where the user has none. */
async function passOf(id: string): Promise<Pass | undefined> {
  try {
    return await admin.passes.show(id);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'pass-not-found') return undefined;
    throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  DisabledByPolicy: 'passes are switched off',
  NotYetValid: 'it is not good yet',
  Expired: 'it is over',
  OneTimeUsed: 'it was used',
};

/** Undefined where one can be made. */
function whyNone(policy: PassPolicy, user: User): string | undefined {
  if (policy.state === 'disabled') return 'Passes are not allowed: see “Policy for passes”.';
  return user.enabled ? undefined : 'The user is disabled, and can be given none.';
}

function stateOf(pass: Pass | undefined): ReactNode {
  if (pass === undefined) return 'The user has no pass.';
  if (!pass.isUsable) return `There is a pass that cannot be used: ${REASONS[pass.methodUsabilityReason]}.`;
  const end = new Date(Date.parse(pass.startDateTime) + pass.lifetimeInMinutes * 60_000);
  return (
    <>
      There is a pass, good until <Moment value={end.toISOString()} />
      {pass.isUsableOnce && ', for one registration'}.
    </>
  );
}
