/** What must hold of sign-ins that come at once, whichever database is below: called by its tests. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyAudit } from '../src/audit/rules.ts';
import { AuditTrail } from '../src/audit/trail.ts';
import { TenantError } from '../src/errors.ts';
import { beginSession } from '../src/sessions/rules.ts';
import { pageConfig } from '../src/sign-in/config.ts';
import { signInByKey } from '../src/sign-in/rules.ts';
import { isUniqueViolation } from '../src/store/errors.ts';
import { openStore, type Store } from '../src/store/open.ts';
import { transact } from '../src/store/transaction.ts';
import type { Tenant } from '../src/tenant.ts';
import { createUser } from '../src/users/rules.ts';
import { registerKey, registrationOptions } from '../src/webauthn/registration.ts';
import { TestKey } from './authenticator.ts';
import { openTenant } from './open-tenant.ts';

type Place = Parameters<typeof openTenant>[0];

/** @param processes how many tenant processes there are over the store */
export function signInContract(name: string, place: () => Place, processes: number): void {
  describe(`sign-ins that come at once, ${name}`, () => {
    const tenants: Tenant[] = [];
    let key: TestKey;
    let userId: string;

    beforeAll(async () => {
      const where = place();
      const first = await openTenant(where);
      tenants.push(first);
      while (tenants.length < processes) {
        const store = openStore(where);
        tenants.push({ ...first, store, audit: new AuditTrail(store, first.now) });
      }
      const userPrincipalName = 'alice@example.com';
      userId = (await createUser(first, by(), { userPrincipalName })).id;
      key = new TestKey();
      const publicKey = await registrationOptions(first, by(), userPrincipalName);
      const credential = key.create({ publicKey, origin: 'https://localhost' });
      await registerKey(first, by(), userPrincipalName, { displayName: 'key', credential });
    });
    afterAll(async () => {
      for (const { ceremonies, store } of tenants) {
        await ceremonies.flush();
        await store.destroy();
      }
    });

    const by = () => ({ actor: 'admin-socket', correlationId: randomUUID(), source: '192.0.2.1' });
    /** A page of the first tenant, and the key's answer to it. */
    function answered(faults: Parameters<TestKey['assert']>[1] = {}) {
      const [tenant] = tenants as [Tenant];
      const browser = randomBytes(16).toString('base64url');
      const target = { kind: 'page', path: '/' } as const;
      const { sFidoChallenge } = pageConfig(tenant, {
        browser,
        target,
        traceId: randomUUID(),
        loginHint: '',
      });
      const assertion = JSON.stringify(key.assert(Buffer.from(sFidoChallenge, 'latin1'), faults));
      return { browser, assertion, login: '', where: 'here' };
    }
    async function signIn(tenant: Tenant, given: ReturnType<typeof answered>): Promise<string> {
      try {
        await beginSession(tenant, by(), await signInByKey(tenant, by(), given));
        return 'signed in';
      } catch (error) {
        if (error instanceof TenantError) return error.code;
        throw error;
      }
    }
    const each = <T>(inputs: readonly T[], work: (tenant: Tenant, input: T) => Promise<string>) =>
      Promise.all(inputs.map((input, i) => work(tenants[i % tenants.length] as Tenant, input)));
    const counted = (results: readonly string[]) =>
      Object.fromEntries(
        [...new Set(results)].map((code) => [code, results.filter((one) => one === code).length]),
      );
    async function sessions(): Promise<number> {
      const [{ store }] = tenants as [Tenant];
      return (await store.selectFrom('web_sessions').select('token_hash').execute()).length;
    }

    test('one answer of a key signs in once', async () => {
      const before = await sessions();
      const given = answered();
      const results = await each(
        Array.from({ length: 12 }, () => given),
        signIn,
      );
      expect(counted(results)).toEqual({ 'signed in': 1, 'nonce-replayed': 11 });
      expect(await sessions()).toBe(before + 1);
    });

    test('of several answers with one counter one signs in', async () => {
      const before = await sessions();
      const counter = key.counter + 1;
      const given = Array.from({ length: 6 }, () => answered({ counter }));
      key.counter = counter;
      expect(counted(await each(given, signIn))).toEqual({ 'signed in': 1, 'key-counter-regressed': 5 });
      expect(await sessions()).toBe(before + 1);
    });

    test('a refused answer has used its nonce up', async () => {
      const [tenant] = tenants as [Tenant];
      const given = answered({ flags: 0x01 });
      expect(await signIn(tenant, given)).toBe('assertion-invalid');
      expect(await signIn(tenant, given)).toBe('nonce-replayed');
    });

    test('a decision that fails takes back itself alone, with its lines', async () => {
      const [{ store, now }] = tenants as [Tenant];
      const decide = (tenant: Tenant, to: string) =>
        tenant.audit
          .decide(async (transaction) => {
            const row = { challenge_hash: to, purpose: 'p', user_id: to === 'nobody' ? to : userId };
            await transaction
              .insertInto('challenges')
              .values({ ...row, expires_on: now().toISOString() })
              .execute();
            if (to.startsWith('refused')) throw new TenantError('user-not-found', 'refused');
            const event = { event: 'user.updated', actor: 'a', subject: to, outcome: 'allowed' } as const;
            return { result: to, events: [{ ...event, correlationId: 'decided' }] };
          })
          .catch((error: unknown) => (error instanceof TenantError ? error.code : 'failed'));
      const asked = ['one', 'nobody', 'two', 'three'];
      expect(await each(asked, decide)).toEqual(['one', 'failed', 'two', 'three']);
      const lines = await store
        .selectFrom('audit')
        .select('subject')
        .where('correlation_id', '=', 'decided')
        .execute();
      expect(lines.map(({ subject }) => subject).sort()).toEqual(['one', 'three', 'two']);
      const rows = await store.selectFrom('challenges').select('challenge_hash').execute();
      expect(rows.map((row) => row.challenge_hash).sort()).toEqual(['one', 'three', 'two']);
      expect(await each(['refused'], decide)).toEqual(['user-not-found']);
      const again = await each(['refused 1', 'four', 'refused 2', 'five'], decide);
      expect(again).toEqual(['user-not-found', 'four', 'user-not-found', 'five']);
      const all = await store.selectFrom('challenges').select('challenge_hash').execute();
      expect(all.map((row) => row.challenge_hash).sort()).toEqual(['five', 'four', 'one', 'three', 'two']);
      expect(await verifyAudit(store)).toMatchObject({ ok: true });
    });

    test('a statement that nobody waited for fails its transaction', async () => {
      const [{ store }] = tenants as [Tenant];
      const count = async () => (await store.selectFrom('user_groups').select('id').execute()).length;
      const before = await count();
      const group = (id: string) => ({ id, display_name: id, name_folded: id, created_on: '' });
      const insert = (transaction: Store, id: string) =>
        transaction.insertInto('user_groups').values(group(id)).execute();
      const goOn = (transaction: Store, id: string) => void insert(transaction, id).catch(() => {});
      await transact(store, async (transaction) => goOn(transaction, 'first'));
      expect(await count()).toBe(before + 1);
      const twice = transact(store, async (transaction) => {
        for (const id of ['second', 'first', 'third']) goOn(transaction, id);
        return 'done';
      });
      expect(await twice.catch(isUniqueViolation)).toBe(true);
      const over: Store[] = [];
      await transact(store, async (transaction) => void over.push(transaction));
      for (const transaction of over)
        await expect(insert(transaction, 'late')).rejects.toThrow(/over|committed/);
      expect(await count()).toBe(before + 1);
    });

    test('text that no database keeps does not spoil the audit, nor the lines beside it', async () => {
      const [tenant] = tenants as [Tenant];
      const hostile = ['\0', '\ud800', `${'x'.repeat(255)}😀`, '\\ud800 \\u0000', '\u001b'];
      const event = {
        event: 'sign-in.refused',
        actor: 'a',
        outcome: 'denied',
        correlationId: 'hostile',
      } as const;
      await Promise.all(hostile.map((subject) => tenant.audit.record({ ...event, subject })));
      const lines = await tenant.store
        .selectFrom('audit')
        .select('subject')
        .where('correlation_id', '=', 'hostile')
        .orderBy('seq')
        .execute();
      const kept = ['\ufffd', '\ufffd', `${'x'.repeat(255)}\ufffd`, '\\ud800 \\u0000', '\u001b'];
      expect(lines.map(({ subject }) => subject)).toEqual(kept);
      expect(await verifyAudit(tenant.store)).toMatchObject({ ok: true });
    });
  });
}
