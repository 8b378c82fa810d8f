/**
 * The demo: a user with a security key signs in on a joined device and reaches what the AD domain protects,
 * with no password anywhere; then those who must be refused are.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { kerberosServerKey, publicationOf } from '@kennel/active-directory';
import { joinDevice, signIn } from '@kennel/device';
import { type AdminClient, adminClient, initTenant, serveTenant } from '@kennel/tenant';
import { writeKrb5Conf } from '../samba/krb5-conf.ts';
import { enrolUser, equipUser, LAB_PIN, type ScriptedUser } from '../scripted-user.ts';
import { openIntranet, walkRefusals } from './acts.ts';
import { type DemoDomain, embeddedDemoDomain, PEOPLE, type Person, sambaDemoDomain } from './domain.ts';
import { freshHome } from './home.ts';
import { announceComputer, joinComputer } from './hybrid.ts';
import { type Stage, type StepReport, stage } from './stage.ts';

export interface DemoOptions {
  home: string;
  /** A real Samba AD DC instead of the embedded domain. */
  samba?: boolean;
  /** The device is a computer of the domain (hybrid joined); with Samba only. */
  hybrid?: boolean;
  onStep: (step: StepReport) => void;
}

/** What a program needs to go on with the demo's tickets. */
export interface DemoReady {
  step: 'ready';
  realm: string;
  kdc: string;
  tenant: string;
  intranet: string;
  ccache: string;
  krb5Conf: string;
  ca: string;
}

export interface RunningDemo {
  ready: DemoReady;
  /** For people: how to use the tickets, a command a line. */
  hints: string[];
  close(): Promise<void>;
}

/** Walks the whole flow and stays up until `close`. @throws DemoFailure naming the step; DemoHomeError */
export async function runDemo(options: DemoOptions): Promise<RunningDemo> {
  const home = freshHome(options.home);
  const cleanUp: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  };
  try {
    return { ...(await walk(home, options, cleanUp)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function walk(
  home: string,
  options: DemoOptions,
  cleanUp: (() => Promise<unknown>)[],
): Promise<Omit<RunningDemo, 'close'>> {
  const step = stage(options.onStep);
  const domain = await step(
    'domain',
    options.samba ? sambaDemoDomain : embeddedDemoDomain,
    ({ description }) => ({
      text: `Started ${description}.`,
      proves:
        'The domain is as any organisation has it; nothing in it is changed for Kennel but the three objects of a Kerberos server.',
    }),
  );
  cleanUp.push(domain.close);

  const tenantDir = join(home, 'tenant');
  const tenant = await step(
    'tenant',
    async () => {
      const { caFile } = await initTenant({
        stateDir: tenantDir,
        hostName: 'localhost',
        tenantName: 'Kennel demo',
        listen: { port: 0 },
        lab: true,
      });
      const running = await serveTenant({ stateDir: tenantDir, logFile: join(home, 'tenant.log') });
      cleanUp.push(running.close);
      if (!caFile) throw new Error('the tenant has no CA of its own');
      const ca = join(home, 'ca.pem');
      copyFileSync(caFile, ca);
      return { ...running, ca };
    },
    ({ url }) => ({
      text: `The tenant answers at ${url}.`,
      proves: 'Identity server, store and keys run on this machine; no cloud takes part.',
    }),
  );
  const admin = adminClient(tenantDir);

  await step(
    'kerberos-server',
    () => admin.kerberosDomains.publish(publicationOf(kerberosServerKey(domain.keytab), domain)),
    ({ krbtgtNumber, keyVersion }) => ({
      text: `Published the key of krbtgt_${krbtgtNumber}, version ${keyVersion}; it lies sealed in the store.`,
      proves: 'The tenant can sign as a read-only domain controller that exists only as objects in AD.',
    }),
  );
  const stateDir = join(home, 'device');
  const hybrid = options.hybrid ? { home, stateDir, domain, tenant, admin } : undefined;
  const keytab = hybrid && (await announceComputer(step, hybrid));
  const people = await step(
    'users',
    () => enrolPeople(home, domain, admin, cleanUp, hybrid !== undefined),
    (all) => ({
      text: `${hybrid ? 'Of the synced users' : 'Added'} ${Object.keys(all).join(', ')}${hybrid ? '' : ' with their SIDs'}; each registered a security key (software, for the lab) with a PIN.`,
      proves: 'The private keys stay in the security keys; the tenant has public ones.',
    }),
  );
  if (hybrid && keytab !== undefined) {
    await step(
      'join',
      () => joinComputer(hybrid, keytab),
      () => ({
        text: 'The computer joined the tenant by its own keytab and certificate: it is a hybrid joined device.',
        proves:
          'Nobody had to sit at it; the directory says whose computer it is, and whether it is enabled.',
      }),
    );
  } else await joinByKey(step, { stateDir, tenant, alice: people.alice });

  const ccache = join(home, 'alice.ccache');
  const signInAs = (person: Person) =>
    signIn({
      stateDir,
      key: people[person].key,
      pin: LAB_PIN,
      kdc: domain.kdc,
      ccache: join(home, `${person}.ccache`),
    });
  await step(
    'sign-in',
    async () => {
      const result = await signInAs('alice');
      if (result.ticket.state !== 'full') throw new Error(result.ticket.message);
      return result.ticket;
    },
    ({ endTime }) => ({
      text: `Alice signed in with key and PIN: Primary Refresh Token, partial TGT, and the domain controller's full TGT, good until ${endTime.toISOString()}.`,
      proves: 'The domain controller took a ticket that the tenant signed, and applied its own policy.',
    }),
  );
  const krb5Conf = writeKrb5Conf({
    dir: home,
    realm: domain.realm,
    kdc: domain.kdc,
    hosts: ['localhost'],
  });
  await step(
    'intranet',
    () => openIntranet(domain, ccache),
    (page) => ({
      text: `The intranet page says: ${page.trim()}`,
      proves: 'A web page that admits by Kerberos let Alice in, with no password anywhere.',
    }),
  );
  const { readShare } = domain;
  if (readShare) {
    await step(
      'file-share',
      () => readShare(ccache, krb5Conf),
      (file) => ({
        text: `smbclient read //dc1/team/plan.txt: ${file.trim()}`,
        proves: 'Any Kerberos program of the machine uses the ticket cache; the share admits Alice alone.',
      }),
    );
  }
  await walkRefusals(step, signInAs, admin, hybrid ? 'sync' : 'controller');
  return told(domain, tenant, { ccache, krb5Conf });
}

const joinByKey = (
  step: Stage,
  { stateDir, tenant, alice }: { stateDir: string; tenant: { url: string; ca: string }; alice: ScriptedUser },
) =>
  step(
    'join',
    () =>
      joinDevice({
        stateDir,
        tenantUrl: tenant.url,
        caFile: tenant.ca,
        key: alice.key,
        pin: LAB_PIN,
        displayName: 'demo-device',
      }),
    () => ({
      text: 'Alice joined this device with her key.',
      proves:
        'The device has a certificate of the tenant and two keys of its own; nobody joins one without a security key.',
    }),
  );

/** @param synced the users are there already */
async function enrolPeople(
  home: string,
  domain: DemoDomain,
  admin: AdminClient,
  cleanUp: (() => Promise<unknown>)[],
  synced: boolean,
): Promise<Record<Person, ScriptedUser>> {
  const enrol = async (name: Person) => {
    const { displayName } = PEOPLE[name];
    const dnsDomainName = domain.realm.toLowerCase();
    const account = { admin, home, name, displayName, sid: await domain.sidOf(name), dnsDomainName };
    const user = await (synced ? equipUser(account) : enrolUser(account));
    cleanUp.push(user.unplug);
    return user;
  };
  return {
    alice: await enrol('alice'),
    bob: await enrol('bob'),
    dora: await enrol('dora'),
    gus: await enrol('gus'),
  };
}

function told(
  domain: DemoDomain,
  tenant: { url: string; ca: string },
  { ccache, krb5Conf }: { ccache: string; krb5Conf: string },
): Omit<RunningDemo, 'close'> {
  const { realm, kdc, intranet } = domain;
  const env = `KRB5_CONFIG=${krb5Conf} KRB5CCNAME=FILE:${ccache}`;
  return {
    ready: {
      step: 'ready',
      realm,
      kdc: `${kdc.host}:${kdc.port}`,
      tenant: tenant.url,
      intranet: intranet.url,
      ccache,
      krb5Conf,
      ca: tenant.ca,
    },
    hints: [
      `${env} klist`,
      `${env} kvno HTTP/localhost`,
      ...(domain.cldap
        ? [
            `npx kennel dc locate ${realm.toLowerCase()} --keylist --dc ${domain.cldap.host}:${domain.cldap.port}`,
          ]
        : []),
      `${env} curl --negotiate -u : ${intranet.url}`,
      ...(domain.shareCommand ? [domain.shareCommand(ccache, krb5Conf)] : []),
    ],
  };
}
