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
  const { device, tenant, users, lastAttempt } = status;
  const { certificate } = device;
  return [
    section('Device State', { AzureAdJoined: 'YES', 'Device Name': device.displayName }),
    section('Device Details', {
      DeviceId: device.id,
      Thumbprint: certificate.thumbprint,
      DeviceCertificateValidity: `[ ${certificate.notBefore.toISOString()} -- ${certificate.notAfter.toISOString()} ]`,
      TpmProtected: 'NO',
    }),
    section('Tenant Details', {
      TenantName: tenant.name,
      TenantId: tenant.id,
      AccessTokenUrl: tenant.tokenEndpoint,
    }),
    ...users.map(userSection),
    ...(lastAttempt ? [section('AcquirePrtDiagnostics', { ...lastAttempt })] : []),
  ].join('\n');
}

function userSection({ upn, prt, ticket, topLevelNames }: UserStatus): string {
  return section(`SSO State of ${upn}`, {
    AzureAdPrt: yes(prt.valid),
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
