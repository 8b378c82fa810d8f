/** The status of devices against the two samples of the documentation of security key sign-in, and field by field. */
import type { DeviceStatus } from '@kennel/device';
import { expect, test } from 'vitest';
import { statusSections, statusText } from './status-text.ts';

type Joined = Extract<DeviceStatus, { joined: true }>;

const JOINED: Joined = {
  joined: true,
  domain: undefined,
  tenant: {
    url: 'https://login.example.com',
    id: '0d7c0d5e-5f5a-4d0e-9a3b-6a1c2f7d9e10',
    name: 'Contoso',
    rpId: 'login.example.com',
    tokenEndpoint: 'https://login.example.com/0d7c0d5e/oauth2/token',
    registrationEndpoint: 'https://login.example.com:8443/EnrollmentServer/device/',
  },
  device: {
    id: '0b3e1f6a-95c5-4d0e-8a53-6a1c2f7d9e10',
    displayName: 'ws1',
    joinType: 0,
    joinedBy: 'alice@contoso.com',
    joinedOn: new Date('2026-07-01T12:00:00Z'),
    certificate: {
      thumbprint: 'A'.repeat(40),
      notBefore: new Date('2026-07-01T11:30:00Z'),
      notAfter: new Date('2036-07-01T12:00:00Z'),
    },
    keyProvider: 'software',
  },
  users: [],
  offline: [],
  signInKeysInMemory: true,
  lastAttempt: undefined,
};
const HYBRID: Joined = {
  ...JOINED,
  domain: { dnsName: 'contoso.com', netbiosName: 'CONTOSO' },
  device: { ...JOINED.device, joinType: 6, joinedBy: 'WS1$@CONTOSO.COM' },
};
const ALICE: Joined['users'][number] = {
  upn: 'alice@contoso.com',
  name: 'Alice',
  objectId: 'o',
  prt: {
    issuedOn: new Date('2026-07-01T12:00:00Z'),
    expiresOn: new Date('2026-07-15T12:00:00Z'),
    authority: 'https://login.example.com/0d7c0d5e',
    valid: true,
  },
  locked: false,
  ticket: {
    state: 'full',
    realm: 'CONTOSO.COM',
    principal: 'alice@CONTOSO.COM',
    endTime: new Date('2026-07-01T22:00:00Z'),
    kdcTimeOffset: 0,
    ccache: '/tmp/cc',
  },
  partialTgt: undefined,
  topLevelNames: '.contoso.com',
  offline: { available: true, goodUntil: new Date('2026-07-08T12:00:00Z') },
};

test('a joined device prints the first sample', () => {
  expect(statusText(JOINED)).toMatch(
    startingWith(`+---------------------+
| Device State        |
+---------------------+

AzureADJoined: YES
EnterpriseJoined: NO
DomainedJoined: NO
`),
  );
});

test('a hybrid joined device prints the second sample', () => {
  expect(statusText(HYBRID)).toMatch(
    startingWith(`+---------------------+
| Device State        |
+---------------------+

AzureADJoined: YES
EnterpriseJoined: NO
DomainedJoined: YES
DomainName: CONTOSO
`),
  );
});

test('a device of on-premises Active Directory alone says so, and what to do', () => {
  const alone: DeviceStatus = {
    joined: false,
    domain: { dnsName: 'contoso.com', netbiosName: undefined },
    pending: undefined,
  };
  expect(statusSections(alone)).toEqual({
    'Device State': {
      AzureADJoined: 'NO',
      EnterpriseJoined: 'NO',
      DomainedJoined: 'YES',
      DomainName: 'contoso.com',
    },
  });
  expect(statusText(alone)).toMatch(/on-premises Active Directory only.*kennel device join --hybrid/);
});

test('a hybrid join that waits for the sync', () => {
  const { domain } = HYBRID;
  const pending = { deviceId: 'd', tenantId: 't', begunOn: new Date('2026-07-01T12:00:00Z') };
  const sections = statusSections({ joined: false, domain, pending });
  expect(sections['Device State']).toMatchObject({ AzureADJoined: 'NO', DomainedJoined: 'YES' });
  expect(sections['Diagnostic Data']).toEqual({
    'Previous Registration': '2026-07-01 12:00:00.000 UTC',
    'Registration Type': 'sync',
    'Error Phase': 'join',
    'Client ErrorCode': 'device-not-announced',
  });
});

test('sections and fields of a device with a user on it', () => {
  const sections = statusSections({ ...HYBRID, users: [ALICE] });
  expect(Object.keys(sections)).toEqual([
    'Device State',
    'Device Details',
    'Tenant Details',
    'User State',
    'SSO State',
  ]);
  expect(sections['Device Details']).toEqual({
    DeviceId: HYBRID.device.id,
    Thumbprint: 'A'.repeat(40),
    DeviceCertificateValidity: '[ 2026-07-01 11:30:00.000 UTC -- 2036-07-01 12:00:00.000 UTC ]',
    KeyProvider: 'Kennel Software Key Provider',
    TpmProtected: 'NO',
    SignInKeysInMemory: 'YES',
  });
  expect(sections['User State']).toEqual({ NgcSet: 'NO', WorkplaceJoined: 'NO', WamDefaultSet: 'YES' });
  expect(sections['SSO State']).toEqual({
    AzureAdPrt: 'YES',
    AzureAdPrtUser: 'alice@contoso.com',
    AzureAdPrtUpdateTime: '2026-07-01 12:00:00.000 UTC',
    AzureAdPrtExpiryTime: '2026-07-15 12:00:00.000 UTC',
    AzureAdPrtAuthority: 'https://login.example.com/0d7c0d5e',
    EnterprisePrt: 'NO',
    OnPremTgt: 'YES',
    CloudTgt: 'NO',
    OnPremTgtExpiryTime: '2026-07-01 22:00:00.000 UTC',
    OnPremTgtCache: '/tmp/cc',
    KerbTopLevelNames: '.contoso.com',
  });
});

test('a second user has a section of their own; without any there is no token', () => {
  const bob = { ...ALICE, upn: 'bob@contoso.com' };
  expect(Object.keys(statusSections({ ...JOINED, users: [ALICE, bob] }))).toContain(
    'SSO State of bob@contoso.com',
  );
  expect(statusSections(JOINED)['SSO State']).toEqual({
    AzureAdPrt: 'NO',
    EnterprisePrt: 'NO',
    OnPremTgt: 'NO',
    CloudTgt: 'NO',
  });
});

test('a registered device is a work account, and not joined', () => {
  const sections = statusSections({ ...JOINED, device: { ...JOINED.device, joinType: 4 } });
  expect(Object.keys(sections)).toEqual(['Device State', 'User State', 'Work Account 1', 'SSO State']);
  expect(sections['Device State']).toMatchObject({ AzureADJoined: 'NO', DomainedJoined: 'NO' });
  expect(sections['User State']).toMatchObject({ WorkplaceJoined: 'YES' });
  expect(sections['Work Account 1']).toMatchObject({
    WorkplaceDeviceId: JOINED.device.id,
    WorkplaceTenantName: 'Contoso',
    TpmProtected: 'NO',
  });
});

test('the last attempt, and the verdict of the tenant on the device', () => {
  const lastAttempt = {
    time: '2026-07-01T12:00:00.000Z',
    status: 'failed',
    credential: 'fido',
    code: 'device-disabled',
    correlationId: 'c',
    traceId: 't',
    endpoint: JOINED.tenant.tokenEndpoint,
    httpStatus: 400,
    serverErrorCode: 'device-disabled',
    serverErrorText: 'This device is disabled.',
  } as const;
  const sections = statusSections({ ...JOINED, lastAttempt });
  expect(sections['Device Details']).toMatchObject({ DeviceAuthStatus: 'FAILED. device-disabled' });
  expect(sections['Diagnostic Data']).toEqual({
    AcquirePrtDiagnostics: 'PRESENT',
    'Previous Prt Attempt': '2026-07-01 12:00:00.000 UTC',
    'Attempt Status': 'failed (device-disabled)',
    'Credential Type': 'FIDO',
    'Correlation ID': 'c',
    'Request ID': 't',
    'Endpoint URI': JOINED.tenant.tokenEndpoint,
    'HTTP Method': 'POST',
    'HTTP Error': '0x0',
    'HTTP status': '400',
    'Server Error Code': 'device-disabled',
    'Server Error Description': 'This device is disabled.',
  });
  const good = statusSections({
    ...JOINED,
    lastAttempt: { ...lastAttempt, status: 'succeeded', code: undefined },
  });
  expect(good['Device Details']).toMatchObject({ DeviceAuthStatus: 'SUCCESS' });
  expect(good['Diagnostic Data']).toMatchObject({ 'Attempt Status': 'succeeded' });
});

const startingWith = (text: string) => new RegExp(`^${text.replace(/[|+]/g, '\\$&')}`);
