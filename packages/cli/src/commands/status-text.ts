/** The text of `kennel device status`: sections as boxes, then `Name : value`, as dsregcmd /status prints them. */
import type { DeviceStatus, UserStatus } from '@kennel/device';
import { fields } from '../table.ts';

const yes = (value: boolean) => (value ? 'YES' : 'NO');

function section(title: string, values: Readonly<Record<string, unknown>>): string {
  const line = `+${'-'.repeat(70)}+`;
  return [line, `| ${title.padEnd(69)}|`, line, '', fields(values), ''].join('\n');
}

export function statusText(status: DeviceStatus): string {
  if (!status.joined)
    return `${section('Device State', { AzureAdJoined: 'NO' })}\nJoin this device with: kennel device join --tenant URL`;
  const { device, tenant, users, offline, lastAttempt } = status;
  const { certificate } = device;
  return [
    section('Device State', { AzureAdJoined: 'YES', 'Device Name': device.displayName }),
    section('Device Details', {
      DeviceId: device.id,
      Thumbprint: certificate.thumbprint,
      DeviceCertificateValidity: `[ ${certificate.notBefore.toISOString()} -- ${certificate.notAfter.toISOString()} ]`,
      SignInKeysInMemory: yes(status.signInKeysInMemory),
      TpmProtected: 'NO',
    }),
    section('Tenant Details', {
      TenantName: tenant.name,
      TenantId: tenant.id,
      AccessTokenUrl: tenant.tokenEndpoint,
    }),
    ...users.map(userSection),
    ...(offline.length > 0 ? [section('Offline Sign-in', offlineFields(offline))] : []),
    ...(lastAttempt ? [section('AcquirePrtDiagnostics', { ...lastAttempt })] : []),
  ].join('\n');
}

const offlineFields = (offline: Extract<DeviceStatus, { joined: true }>['offline']) =>
  Object.fromEntries(
    offline.map(({ upn, goodUntil, good }) => [
      upn,
      `${good ? 'until' : 'over since'} ${goodUntil.toISOString()}`,
    ]),
  );

function userSection({ upn, locked, offline, prt, ticket, topLevelNames }: UserStatus): string {
  return section(`SSO State of ${upn}`, {
    AzureAdPrt: yes(prt.valid),
    ...(locked ? { AzureAdPrtStatus: 'locked since this machine was restarted; sign in again' } : {}),
    ...(offline.available ? {} : { OfflineSignInStatus: `${offline.code}: ${offline.message}` }),
    AzureAdPrtUpdateTime: prt.issuedOn.toISOString(),
    AzureAdPrtExpiryTime: prt.expiresOn.toISOString(),
    AzureAdPrtAuthority: prt.authority,
    OnPremTgt: yes(ticket.state === 'full'),
    ...(ticket.state === 'full'
      ? { OnPremTgtExpiryTime: ticket.endTime.toISOString(), OnPremTgtCache: ticket.ccache }
      : { OnPremTgtStatus: `${ticket.code}: ${ticket.message}` }),
    KerbTopLevelNames: topLevelNames ?? '',
  });
}
