/** A real Samba AD domain: its first controller, and further ones that join it; a second domain is a forest of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OpenedController, openController, type SambaController } from './controller.ts';
import { SambaError } from './errors.ts';
import { type Kept, keepDomain, restoreKept } from './kept.ts';
import {
  addAccounts,
  type DomainNames,
  joinDomain,
  makeShares,
  moveController,
  provisionDomain,
  randomPassword,
  readAccounts,
  type SambaShare,
  type SambaUser,
  writeSmbConf,
} from './provision.ts';
import { registerController, replicate, setInboundReplication } from './replication.ts';
import {
  createKerberosServerObjects,
  exportKeytab,
  type KerberosServerObjects,
  type ServerObjectContext,
} from './server-objects.ts';
import { makeLabCa } from './tls.ts';

export interface SambaDomainOptions {
  /** CORP.EXAMPLE.COM unless told. */
  realm?: string;
  /** The realm's first label unless told. */
  netbiosName?: string;
  /** dc1 unless told. */
  hostName?: string;
  /** A random one unless told. */
  adminPassword?: string;
  /** A temporary folder, removed by `stop`, unless told. Folders of an earlier domain in it are replaced. */
  workDir?: string;
  groups?: readonly string[];
  users?: readonly SambaUser[];
  shares?: readonly SambaShare[];
  /** As smb.conf's `server services`: `-kdc` leaves ports 88 and 464 of the address free. */
  serverServices?: string;
  /** Seconds by which the controller's clock is ahead (needs the program faketime). */
  clockOffsetSeconds?: number;
  /** More is put into the directory before its server starts, e.g. many users, for measurements. */
  prepare?: (run: SambaController['run']) => Promise<void>;
  /**
   * A folder in which the directory is kept as it is before the start, prepared, so that the next domain starts from it.
   * It must name all that decides about its content, and holds keys: 0700.
   */
  keptIn?: string;
  /**
   * A folder in which newly provisioned directories are kept, without accounts of ours, for the next domain of the same
   * names to start from: in half the time, with the same SIDs. It holds keys: 0700.
   */
  provisionedIn?: string;
}

/** A controller that joined. */
export interface AddedController extends SambaController {
  /** While held, it takes no changes from the first controller. */
  holdReplication(): Promise<void>;
  releaseReplication(): Promise<void>;
  /** Fetches the domain's changes from the first controller; they are there when it returns. */
  pull(): Promise<void>;
  /** The other way: the first controller fetches what was changed here. */
  push(): Promise<void>;
}

export interface SambaDomain extends SambaController, Pick<DomainNames, 'realm' | 'netbiosName' | 'baseDn'> {
  readonly domainSid: string;
  readonly adminPassword: string;
  /** The certificate (PEM file) that vouches for LDAPS of every controller. */
  readonly caFile: string;
  /** The SID of a user or group by sAMAccountName. */
  sidOf(name: string): Promise<string>;
  createKerberosServerObjects(names?: { user: string; computer: string }): Promise<KerberosServerObjects>;
  /** Exports a principal's keys, as after a rotation; gives the keytab's path. */
  exportKeytab(principal: string): Promise<string>;
  /** Another controller, e.g. dc2, in a namespace of its own: some eight seconds. Stopped with the domain. */
  addController(hostName: string, options?: { readOnly?: boolean }): Promise<AddedController>;
}

/**
 * Provisions and starts a domain: about seven seconds. Root on Linux with Samba's AD packages.
 *
 * @throws SambaError not-root, namespace-failed, provision-failed (with Samba's log), not-ready (with its log)
 * @example
 * const corp = await startSambaDomain();
 * const dc2 = await corp.addController('dc2');
 * const other = await startSambaDomain({ realm: 'FABRIKAM.EXAMPLE.NET' }); // a second forest
 */
export async function startSambaDomain(options: SambaDomainOptions = {}): Promise<SambaDomain> {
  const realm = (options.realm ?? 'CORP.EXAMPLE.COM').toUpperCase();
  const labels = realm.split('.');
  const names: DomainNames = {
    realm,
    netbiosName: options.netbiosName ?? labels[0] ?? realm,
    hostName: options.hostName ?? 'dc1',
    baseDn: labels.map((label) => `DC=${label.toLowerCase()}`).join(','),
  };
  const { shares = [], serverServices, clockOffsetSeconds = 0, keptIn } = options;
  const ca = await makeLabCa();
  const first = await openController({ names, workDir: options.workDir });
  const { run, directory, workDir } = first;
  const added: OpenedController[] = [];
  const stop = async () => {
    for (const each of added.splice(0)) await each.stop();
    await first.stop();
  };
  try {
    const kept = keptIn === undefined ? undefined : restoreKept(keptIn, workDir);
    const { adminPassword, address } = kept ?? (await provisioned(first, names, options));
    if (kept === undefined) {
      await addAccounts(directory, names, options.groups ?? [], options.users ?? []);
      await options.prepare?.(run);
      if (keptIn !== undefined) keepDomain(keptIn, workDir, { adminPassword, address });
    }
    const accounts = await readAccounts(directory);
    writeSmbConf(first.folders, names, first.address, serverServices, shares, accounts);
    await makeShares(run, first.folders, shares, accounts);
    const [root] = await directory.search({ base: names.baseDn, scope: 'base', attributes: ['objectSid'] });
    const domainSid = root?.attributes.objectSid?.[0] ?? '';
    const caFile = join(workDir, 'ldaps-ca.pem');
    writeFileSync(caFile, ca.certificate);
    await first.start({ serverServices, clockOffsetSeconds, ca });
    if (address !== first.address)
      await moveController(run, names, { adminPassword, from: address, to: first.address });

    const addController: SambaDomain['addController'] = async (hostName, { readOnly = false } = {}) => {
      const own = { ...names, hostName };
      const controller = await openController({ names: own, others: [first] });
      added.push(controller);
      // Before it joins: then it brings them along.
      if (!readOnly) await registerController(run, first.fqdn, controller.fqdn);
      await joinDomain(controller.run, own, {
        adminPassword,
        from: first.fqdn,
        role: readOnly ? 'RODC' : 'DC',
      });
      writeSmbConf(controller.folders, own, controller.address, serverServices);
      await controller.start({ serverServices, ca });
      const inbound = (on: boolean) =>
        setInboundReplication(controller.run, controller.fqdn, on, adminPassword);
      const copy = (from: SambaController, to: SambaController) =>
        replicate(controller.run, { from: from.fqdn, to: to.fqdn, partition: names.baseDn, adminPassword });
      return {
        ...controller,
        holdReplication: () => inbound(false),
        releaseReplication: () => inbound(true),
        pull: () => copy(first, controller),
        push: () => copy(controller, first),
      };
    };
    const context: ServerObjectContext = { run, directory, baseDn: names.baseDn, domainSid, workDir };
    return {
      ...first,
      ...{ realm, netbiosName: names.netbiosName, baseDn: names.baseDn, domainSid, adminPassword, caFile },
      ...{ stop, addController },
      async sidOf(name) {
        const [entry] = await directory.search({
          filter: `(sAMAccountName=${name})`,
          attributes: ['objectSid'],
        });
        const sid = entry?.attributes.objectSid?.[0];
        if (!sid) throw new SambaError('unknown-account', `The domain has no user or group "${name}".`);
        return sid;
      },
      createKerberosServerObjects: (objectNames) => createKerberosServerObjects(context, objectNames),
      exportKeytab: (principal) => exportKeytab(context, principal),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A directory with what every new domain has, newly made or as it was kept. */
async function provisioned(
  { run, address, workDir }: SambaController,
  names: DomainNames,
  { adminPassword, provisionedIn }: SambaDomainOptions,
): Promise<Kept> {
  const named = `${names.realm}-${names.netbiosName}-${names.hostName}`;
  // Whoever chooses the password gets a domain of that password.
  const folder = adminPassword === undefined && provisionedIn ? join(provisionedIn, named) : undefined;
  const kept = folder && restoreKept(folder, workDir);
  if (kept) return kept;
  const made = { adminPassword: adminPassword ?? randomPassword(), address };
  await provisionDomain(run, names, address, made.adminPassword);
  if (folder) keepDomain(folder, workDir, made);
  return made;
}
