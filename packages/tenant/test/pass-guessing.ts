/** Guesses at one user's Temporary Access Pass, all at once, from as many sources and over as many connections as one likes. */
import { randomUUID } from 'node:crypto';
import type { Strangers } from '../src/audit/strangers.ts';
import { AuditTrail } from '../src/audit/trail.ts';
import { TenantError } from '../src/errors.ts';
import { Gate } from '../src/passes/hash.ts';
import { redeemPass } from '../src/passes/redeem.ts';
import type { Store } from '../src/store/open.ts';
import type { Tenant } from '../src/tenant.ts';

/** More than the connections of both stores: the database sees as many at once as it ever would. */
const AT_ONCE = 64;
const BEGIN = Date.UTC(2026, 0, 2, 3, 4, 5);

/** How many were compared with the pass, and how many were sent away. Nothing but the lockout holds them back. */
export async function guessPasses(
  stores: readonly Store[],
  guesses: number,
  secondsLater = 0,
): Promise<{ looked: number; locked: number }> {
  const now = () => new Date(BEGIN + secondsLater * 1000);
  const tenants = stores.map((store) => {
    const audit = new AuditTrail(store, now);
    // what redeeming asks of a tenant; the audit of the contract's own tests is left as it is
    const strangers = { refused: async () => {} } as unknown as Strangers;
    return { store, audit, strangers, now } as unknown as Tenant;
  });
  let looked = 0;
  const verify = async () => {
    looked += 1;
    return false;
  };
  const gate = new Gate(AT_ONCE, guesses);
  const codes = await Promise.all(
    Array.from({ length: guesses }, async (_, i) => {
      const tenant = tenants[i % tenants.length];
      if (tenant === undefined) throw new Error('no store');
      const by = { source: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, correlationId: randomUUID() };
      const given = { userName: 'Zoë@example.com', pass: String(10_000_000 + i) };
      try {
        await redeemPass(tenant, by, given, { verify, gate });
        return 'redeemed';
      } catch (error) {
        if (error instanceof TenantError) return error.code;
        throw error;
      }
    }),
  );
  return { looked, locked: codes.filter((code) => code === 'pass-locked').length };
}
