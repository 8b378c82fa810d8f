/** The running tenant as rotation and verification need it: of one domain. */
import type { ProbeMaker, RotationTenant } from '@kennel/active-directory';
import type { KerberosDomain } from '@kennel/tenant';
import { admin } from './admin.ts';
import { CliError } from './errors.ts';

export async function tenantOf(
  dnsName: string,
): Promise<RotationTenant & ProbeMaker & { domain(): Promise<KerberosDomain | undefined> }> {
  const { kerberosDomains: domains } = await admin();
  const name = dnsName.toLowerCase();
  const domain = async () => (await domains.list()).find((each) => each.dnsName === name);
  return {
    domain,
    state: async () => {
      const found = await domain();
      if (found) return found;
      throw new CliError(
        'kerberos-domain-not-found',
        `The tenant has no key of ${name}. Publish it with: kennel kerberos-server create`,
      );
    },
    publishPending: (key) => domains.publishPending(name, key),
    activate: (grounds) => domains.activate(name, grounds),
    probe: (key, user) => domains.probe(name, { key, ...(user === undefined ? {} : { user }) }),
    readProbe: (answer) => domains.readProbe(name, answer),
  };
}
