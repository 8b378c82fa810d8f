/** kennel device: this device (join, status, leave), and the tenant's devices (list, show, enable, disable, delete). */
import type { KeyStore } from '@kennel/device';
import { type Command, Option } from 'commander';
import { parseAddress } from '../address.ts';
import { define, type Given, type Outcome, option, text } from '../command.ts';
import { progress } from '../domain-session.ts';
import { CliError } from '../errors.ts';
import { deviceDir } from '../home.ts';
import { pinFileOption, readPin } from '../pin.ts';
import { tenantDevices } from './devices.ts';
import { keyOption, withKey } from './key.ts';
import { statusSections, statusText } from './status-text.ts';

export function deviceCommands(program: Command): void {
  const group = program.command('device').description('this device, and the devices of the tenant');
  thisDevice(group);
  tenantDevices(group);
}

function thisDevice(group: Command): void {
  define(
    group,
    {
      usage: 'join',
      summary: 'join this device to a tenant: with a registered security key, or as a computer of a domain',
      example:
        'kennel device join --tenant https://login.example.com --ca ca.pem\n  kennel device join --hybrid --wait 600   (as root, on a computer of an AD domain)',
      options: [
        option('--tenant <url>', 'address of the tenant (with --hybrid the domain names it)'),
        option('--ca <file>', "the tenant's own certificate authority, in PEM"),
        option('--name <name>', "the device's name (the host name unless given)"),
        new Option('--keys <place>', "where the device's keys are to lie: the TPM where there is one (auto)")
          .choices(['auto', 'tpm', 'software'])
          .default('auto'),
        keyOption,
        pinFileOption,
        option(
          '--register',
          'register it as a personal device (a work account on it) in place of joining it',
        ),
        option('--hybrid', "as a computer of an AD domain, by the machine's own keytab; nobody signs in"),
        ...HYBRID_OPTIONS,
      ],
    },
    (_, given) => {
      if (given.hybrid === true && given.register === true)
        throw new CliError('usage', '--register is for a personal device: without --hybrid.');
      if (given.hybrid === true) return joinAsComputer(given);
      const foreign = HYBRID_OPTIONS.find((each) => given[each.attributeName()] !== undefined);
      if (foreign) throw new CliError('usage', `${foreign.long} is for --hybrid.`);
      return joinWithKey(given);
    },
  );
  define(
    group,
    {
      usage: 'status',
      summary: 'show how this device is joined and who is signed in, as dsregcmd /status does',
      example: 'kennel device status --json',
    },
    async () => {
      const { readStatus } = await import('@kennel/device');
      const value = readStatus(deviceDir());
      return { value: { ...value, sections: statusSections(value) }, text: statusText(value) };
    },
  );
  define(
    group,
    {
      usage: 'leave',
      summary: 'leave the tenant: it deletes the device, and keys and tickets go from here',
      example: 'kennel device leave',
    },
    async () => {
      const { leaveDevice } = await import('@kennel/device');
      const value = await leaveDevice({ stateDir: deviceDir() });
      const told = value.next ?? 'The tenant has deleted the device.';
      return { value, text: `This device has forgotten its keys. ${told}` };
    },
  );
}

const HYBRID_OPTIONS = [
  option('--keytab <file>', "the machine's keytab (KRB5_KTNAME or /etc/krb5.keytab unless given)"),
  option('--wait <seconds>', 'wait so long for the sync to announce this computer'),
  option('--dns <address>', 'ask this DNS server for the domain'),
  option('--dc <host>', 'this domain controller, and no DNS'),
];

function joinWithKey(given: Given): Promise<Outcome> {
  const tenantUrl = text(given, 'tenant');
  if (tenantUrl === undefined) throw new CliError('usage', 'Give the address of the tenant (--tenant).');
  return withKey(given, async (key) => {
    const { joinDevice } = await import('@kennel/device');
    const pin = await readPin(text(given, 'pinFile'));
    const joinType = given.register === true ? 'register' : 'join';
    const where = { stateDir: deviceDir(), tenantUrl, joinType } as const;
    const value = await joinDevice({ ...where, key, pin, ...joinFields(given) });
    return { value, text: statusText(value) };
  });
}

/** Whatever way it joins. */
function joinFields(given: Given): { caFile?: string; displayName?: string; keyStore: KeyStore } {
  const [caFile, displayName] = [text(given, 'ca'), text(given, 'name')];
  const keyStore = text(given, 'keys') as KeyStore; // one of the choices
  return { keyStore, ...(caFile ? { caFile } : {}), ...(displayName ? { displayName } : {}) };
}

async function joinAsComputer(given: Given): Promise<Outcome> {
  const [tenantUrl, keytab, dns, dc] = ['tenant', 'keytab', 'dns', 'dc'].map((name) => text(given, name));
  const seconds = Number(text(given, 'wait') ?? 0);
  if (!(seconds >= 0 && seconds <= 86_400))
    throw new CliError('usage', '--wait takes seconds, a day at most.');
  const { joinHybrid } = await import('@kennel/device');
  const value = await joinHybrid({
    stateDir: deviceDir(),
    waitMs: seconds * 1000,
    onStep: (step) => progress(step.text),
    ...joinFields(given),
    ...(tenantUrl ? { tenantUrl } : {}),
    ...(keytab ? { keytab } : {}),
    ...(dns ? { dnsServers: [dns] } : {}),
    ...(dc ? { controllers: [{ host: parseAddress('--dc', dc).host }] } : {}),
  });
  return { value, text: statusText(value) };
}
