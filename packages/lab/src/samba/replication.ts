/** Two controllers of one domain: who joins is found by DNS, and replication is held back and let go at will. */
import type { RunOptions, RunResult } from './program.ts';

type Run = (command: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;

/**
 * Gives the new controller every SRV record that the first one has, but for that of the PDC: what samba_dnsupdate
 * does, which needs BIND's nsupdate or half a minute. Run beside the first controller; Samba's own library writes.
 */
const REGISTER = `
import sys
from samba.auth import system_session
from samba.dcerpc import dnsp
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB
first, new = sys.argv[1].lower(), sys.argv[2]
lp = LoadParm(); lp.load_default()
db = SamDB(session_info=system_session(), lp=lp)
for zone in ('DomainDnsZones', 'ForestDnsZones'):
    base = 'DC=%s,%s' % (zone, db.domain_dn())
    for node in db.search(base, expression='(objectClass=dnsNode)', attrs=['dc', 'dnsRecord']):
        label, above = str(node['dc']), str(node.dn).split(',')[1][3:]
        name = '%s.%s' % (label, above)
        if not label.startswith('_') or '.pdc.' in name or 'dnsRecord' not in node: continue
        found = [r for r in db.dns_lookup(name)[1] if r.wType == dnsp.DNS_TYPE_SRV]
        own = [r for r in found if r.data.nameTarget.lower() == first]
        if not own: continue
        record = ndr_unpack(dnsp.DnssrvRpcRecord, ndr_pack(own[0]))
        record.data.nameTarget = new
        db.dns_replace(name, found + [record])
`;

export async function registerController(run: Run, first: string, added: string): Promise<void> {
  await run('python3', ['-c', REGISTER, first, added]);
}

/** Whether a controller takes changes from others. It stops or goes on at once. */
export async function setInboundReplication(
  run: Run,
  dc: string,
  on: boolean,
  adminPassword: string,
): Promise<void> {
  const option = `--dsa-option=${on ? '-' : '+'}DISABLE_INBOUND_REPL`;
  await run('samba-tool', ['drs', 'options', dc, option, '-U', `Administrator%${adminPassword}`]);
}

/** Copies a naming context's changes now; returns when they are there. */
export async function replicate(
  run: Run,
  {
    from,
    to,
    partition,
    adminPassword,
  }: { from: string; to: string; partition: string; adminPassword: string },
): Promise<void> {
  await run('samba-tool', ['drs', 'replicate', to, from, partition, '-U', `Administrator%${adminPassword}`]);
}
