/** This device: whether and how it is joined, its certificate, who is signed in, and the tickets. */
import { deviceDir } from '../home.ts';
import type { Findings } from './findings.ts';

const KINDS: Readonly<Record<number, string>> = {
  0: 'joined',
  4: 'registered',
  6: 'hybrid joined',
  8: 'joined, shared',
};
const DAY = 86_400_000;

export interface CheckedDevice {
  /** Where its tenant is. */
  url: string;
  caFile: string | undefined;
  /** DNS names of the domains that its users have, or wait for, tickets of. */
  domains: string[];
}

/** @returns undefined where it is not joined */
export async function checkDevice(findings: Findings): Promise<CheckedDevice | undefined> {
  const { liesInMemory, readStatus, tenantOfDevice } = await import('@kennel/device');
  const status = await findings.try(
    'device.state',
    deviceDir(),
    'kennel device leave, then join again.',
    async () => readStatus(deviceDir()),
  );
  if (status?.joined !== true) return undefined;
  const { device, tenant, users } = status;
  findings.ok(
    'device.joined',
    device.displayName,
    `${KINDS[device.joinType] ?? `join type ${device.joinType}`} to ${tenant.name} (${tenant.url})`,
  );
  const { notBefore, notAfter } = device.certificate;
  const days = Math.floor((notAfter.getTime() - Date.now()) / DAY);
  if (Date.now() < notBefore.getTime() || days < 0)
    findings.failed(
      'device.certificate',
      device.displayName,
      'it is over, or the clock is wrong',
      'Check the clock; then kennel device join again.',
    );
  else findings.ok('device.certificate', device.displayName, `good for ${days} days`);
  if (status.signInKeysInMemory)
    findings.ok('device.memory', device.displayName, 'secrets of who is signed in are gone with the power');
  else
    findings.warning(
      'device.memory',
      device.displayName,
      'secrets of who is signed in lie on the disk',
      'Name a directory of a memory file system that is yours alone (KENNEL_RUNTIME_DIR).',
    );
  for (const { upn, prt, locked, ticket, offline } of users) {
    if (locked)
      findings.warning('device.prt', upn, 'locked since this machine was restarted', 'kennel signin');
    else if (prt.valid)
      findings.ok('device.prt', upn, `Primary Refresh Token until ${prt.expiresOn.toISOString()}`);
    else findings.warning('device.prt', upn, 'the Primary Refresh Token is over', 'kennel signin');
    if (offline.available)
      findings.ok(
        'device.offline',
        upn,
        `signs in without the tenant until ${offline.goodUntil.toISOString()}`,
      );
    else findings.warning('device.offline', upn, offline.message, offline.next);
    if (ticket.state === 'full' && !liesInMemory(ticket.ccache))
      findings.warning(
        'device.tickets',
        upn,
        `the tickets lie on a disk (${ticket.ccache}): who takes it has them until they end`,
        'Set KRB5CCNAME to a file of a memory file system before kennel signin.',
      );
    if (ticket.state === 'full')
      findings.ok(
        'device.ticket',
        upn,
        `has a ticket of ${ticket.realm} until ${ticket.endTime.toISOString()}`,
      );
    else findings.failed('device.ticket', upn, ticket.message, ticket.next);
  }
  const place = tenantOfDevice(deviceDir());
  const realms = users.flatMap(({ ticket, partialTgt }) => [
    ...(ticket.state === 'full' ? [ticket.realm] : []),
    ...(partialTgt ? [partialTgt.realm] : []),
  ]);
  return place && { ...place, domains: [...new Set(realms.map((realm) => realm.toLowerCase()))] };
}
