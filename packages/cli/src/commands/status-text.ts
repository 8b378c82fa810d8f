/**
 * What `kennel device status` prints: the sections and fields of `dsregcmd /status` that have a meaning here, so that
 * whoever knows that command, or has a script for its output, reads this one too. Device State is spelled as the
 * documentation of security key sign-in prints it.
 */
import type { DeviceStatus, UserStatus } from '@kennel/device';

type Fields = Record<string, string>;
/** Fields by section, in their order. */
export type Sections = Record<string, Fields>;
type Joined = Extract<DeviceStatus, { joined: true }>;

const REGISTERED = 4;
const RULE = `+${'-'.repeat(21)}+`;
const PROVIDERS: Readonly<Record<Joined['device']['keyProvider'], string>> = {
  tpm: 'Kennel TPM 2.0 Key Provider',
  software: 'Kennel Software Key Provider',
};
/** Errors that are the tenant's verdict on the device itself. */
const DEVICE_REFUSED = ['device-disabled', 'device-unknown', 'certificate-superseded', 'certificate-expired'];

const yes = (value: boolean) => (value ? 'YES' : 'NO');
/** `2026-07-01 12:00:00.000 UTC` */
const time = (date: Date) => date.toISOString().replace('T', ' ').replace('Z', ' UTC');

export function statusText(status: DeviceStatus): string {
  const text = Object.entries(statusSections(status))
    .map(([title, fields]) =>
      [
        RULE,
        `| ${title.padEnd(19)} |`,
        RULE,
        '',
        ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
        '',
      ].join('\n'),
    )
    .join('\n');
  const next = nextStep(status);
  return next === undefined ? text : `${text}\n${next}`;
}

/** The same for programs. */
export function statusSections(status: DeviceStatus): Sections {
  if (!status.joined)
    return {
      'Device State': deviceState(false, status),
      ...(status.pending && {
        'Diagnostic Data': {
          'Previous Registration': time(status.pending.begunOn),
          'Registration Type': 'sync',
          'Error Phase': 'join',
          'Client ErrorCode': 'device-not-announced',
        },
      }),
    };
  const { device, users, offline, lastAttempt } = status;
  const registered = device.joinType === REGISTERED;
  const [first, ...others] = users;
  return {
    'Device State': { ...deviceState(!registered, status), 'Device Name': device.displayName },
    ...(registered
      ? {}
      : { 'Device Details': deviceDetails(status), 'Tenant Details': tenantDetails(status) }),
    'User State': { NgcSet: 'NO', WorkplaceJoined: yes(registered), WamDefaultSet: yes(first !== undefined) },
    ...(registered && { 'Work Account 1': workAccount(status) }),
    'SSO State': ssoState(first),
    ...Object.fromEntries(others.map((user) => [`SSO State of ${user.upn}`, ssoState(user)])),
    ...(offline.length > 0 && { 'Offline Sign-in': offlineFields(offline) }),
    ...(lastAttempt && { 'Diagnostic Data': diagnostics(lastAttempt) }),
  };
}

function deviceState(joined: boolean, { domain }: DeviceStatus): Fields {
  return {
    AzureADJoined: yes(joined),
    EnterpriseJoined: 'NO',
    DomainedJoined: yes(domain !== undefined),
    ...(domain && { DomainName: domain.netbiosName ?? domain.dnsName }),
  };
}

const validity = ({ certificate: { notBefore, notAfter } }: Joined['device']) =>
  `[ ${time(notBefore)} -- ${time(notAfter)} ]`;

const keyFields = ({ keyProvider }: Joined['device']): Fields => ({
  KeyProvider: PROVIDERS[keyProvider],
  TpmProtected: yes(keyProvider === 'tpm'),
});

function deviceDetails({ device, lastAttempt, signInKeysInMemory }: Joined): Fields {
  const refused = DEVICE_REFUSED.includes(lastAttempt?.code ?? '');
  const accepted = lastAttempt?.status === 'succeeded' || lastAttempt?.status === 'no-ticket';
  return {
    DeviceId: device.id,
    Thumbprint: device.certificate.thumbprint,
    DeviceCertificateValidity: validity(device),
    ...keyFields(device),
    SignInKeysInMemory: yes(signInKeysInMemory),
    // As the tenant said the last time it was asked; nobody is asked now.
    ...(refused && { DeviceAuthStatus: `FAILED. ${lastAttempt?.code}` }),
    ...(accepted && { DeviceAuthStatus: 'SUCCESS' }),
  };
}

function tenantDetails({ tenant }: Joined): Fields {
  return {
    TenantName: tenant.name,
    TenantId: tenant.id,
    AccessTokenUrl: tenant.tokenEndpoint,
    JoinSrvVersion: '2.0',
    JoinSrvUrl: tenant.registrationEndpoint,
    JoinSrvId: 'urn:ms-drs:enterpriseregistration.windows.net',
  };
}

function workAccount({ device, tenant }: Joined): Fields {
  return {
    WorkplaceDeviceId: device.id,
    WorkplaceThumbprint: device.certificate.thumbprint,
    DeviceCertificateValidity: validity(device),
    ...keyFields(device),
    WorkplaceIdp: new URL(tenant.url).host,
    WorkplaceTenantId: tenant.id,
    WorkplaceTenantName: tenant.name,
  };
}

function ssoState(user: UserStatus | undefined): Fields {
  const none = { EnterprisePrt: 'NO', OnPremTgt: 'NO', CloudTgt: 'NO' };
  if (user === undefined) return { AzureAdPrt: 'NO', ...none };
  const { prt, ticket, topLevelNames, upn, locked, offline } = user;
  return {
    AzureAdPrt: yes(prt.valid),
    AzureAdPrtUser: upn,
    AzureAdPrtUpdateTime: time(prt.issuedOn),
    AzureAdPrtExpiryTime: time(prt.expiresOn),
    AzureAdPrtAuthority: prt.authority,
    ...none,
    OnPremTgt: yes(ticket.state === 'full'),
    ...(ticket.state === 'full'
      ? { OnPremTgtExpiryTime: time(ticket.endTime), OnPremTgtCache: ticket.ccache }
      : { OnPremTgtStatus: `${ticket.code}: ${ticket.message}` }),
    ...(locked && { AzureAdPrtStatus: 'locked since this machine was restarted; sign in again' }),
    ...(offline.available ? {} : { OfflineSignInStatus: `${offline.code}: ${offline.message}` }),
    KerbTopLevelNames: topLevelNames ?? '',
  };
}

const offlineFields = (offline: Joined['offline']): Fields =>
  Object.fromEntries(
    offline.map(({ upn, goodUntil, good }) => [upn, `${good ? 'until' : 'over since'} ${time(goodUntil)}`]),
  );

function diagnostics(attempt: NonNullable<Joined['lastAttempt']>): Fields {
  const credentials = { fido: 'FIDO', prt: 'Primary Refresh Token' };
  const all: Record<string, string | number | undefined> = {
    AcquirePrtDiagnostics: 'PRESENT',
    'Previous Prt Attempt': time(new Date(attempt.time)),
    'Attempt Status': attempt.code ? `${attempt.status} (${attempt.code})` : attempt.status,
    'User Identity': attempt.user,
    'Credential Type': attempt.credential && credentials[attempt.credential],
    'Correlation ID': attempt.correlationId,
    'Request ID': attempt.traceId,
    'Endpoint URI': attempt.endpoint,
    'HTTP Method': 'POST',
    'HTTP Error': attempt.httpStatus === undefined ? attempt.code : '0x0',
    'HTTP status': attempt.httpStatus,
    'Server Error Code': attempt.serverErrorCode,
    'Server Error Description': attempt.serverErrorText,
    'Domain Controller Error': attempt.dcError,
  };
  const told = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(told.map(([name, value]) => [name, String(value)]));
}

function nextStep(status: DeviceStatus): string | undefined {
  if (status.joined) return undefined;
  if (status.pending)
    return 'The hybrid join waits for the sync of the domain. Go on with: kennel device join --hybrid --wait 600';
  if (status.domain)
    return 'This device is joined to on-premises Active Directory only, where no security key signs in. Make it a device of the tenant too with: kennel device join --hybrid';
  return 'Join this device with: kennel device join --tenant URL';
}
