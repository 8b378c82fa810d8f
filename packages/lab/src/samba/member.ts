/** A machine of the domain: joined by Samba's own `net ads join`, as any Linux machine is, with a keytab and smb.conf of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SambaDomain } from './domain.ts';

export interface DomainMember {
  /** With the machine's keys. */
  keytab: string;
  smbConf: string;
}

/** @param name of the computer, `WS1` @throws SambaError program-failed */
export async function joinMachine(domain: SambaDomain, name: string): Promise<DomainMember> {
  const folder = join(domain.workDir, name.toLowerCase());
  const [privateDir, stateDir] = [join(folder, 'private'), join(folder, 'state')];
  for (const each of [privateDir, stateDir]) mkdirSync(each, { recursive: true, mode: 0o700 });
  const member = { keytab: join(folder, 'krb5.keytab'), smbConf: join(folder, 'smb.conf') };
  const lines = [
    '[global]',
    `netbios name = ${name}`,
    `workgroup = ${domain.netbiosName}`,
    `realm = ${domain.realm}`,
    'security = ADS',
    'kerberos method = secrets and keytab',
    `private dir = ${privateDir}`,
    ...['state', 'cache', 'lock'].map((kind) => `${kind} directory = ${stateDir}`),
  ];
  writeFileSync(member.smbConf, `${lines.join('\n')}\n`);
  const how = [`--configfile=${member.smbConf}`, '--no-dns-updates', '-S', domain.fqdn];
  const who = ['-U', `Administrator%${domain.adminPassword}`];
  // Else it would be the keytab of the machine that this runs on.
  await domain.run('net', ['ads', 'join', ...how, ...who], { env: { KRB5_KTNAME: `FILE:${member.keytab}` } });
  return member;
}
