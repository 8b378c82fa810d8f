/** What is written down: steps of ceremonies, and the audit. */
import { createHash, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { insertLines, linesAfter, newestLines } from '../../src/audit/queries.ts';
import { type AuditEvent, verifyAudit } from '../../src/audit/rules.ts';
import { AuditTrail } from '../../src/audit/trail.ts';
import {
  insertCeremonyEvents,
  listCeremonyEvents,
  purgeCeremonyEvents,
} from '../../src/ceremonies/queries.ts';
import { dialectOf } from '../../src/store/dialect-of.ts';
import * as users from '../../src/users/queries.ts';
import { LATER, NOW, newUser, type StoreTest } from './rows.ts';

const auditEvent = (subject: string): AuditEvent => ({
  event: 'prt.issued',
  actor: 'test',
  subject,
  outcome: 'allowed',
  correlationId: randomUUID(),
});

export function logInStore(check: StoreTest): void {
  check(
    'steps of ceremonies are found by user, by trace id, by time, and forgotten',
    async (store, other) => {
      const user = newUser();
      await users.insertUser(store, user);
      const step = (id: string, more: object) => ({
        id,
        time: NOW,
        event: 1000,
        purpose: 'web',
        ceremony: 'c1',
        trace_id: `trace-${id}`,
        user_id: user.id,
        credential_id: null,
        aaguid: null,
        rp_id: 'localhost',
        origin: null,
        reason: null,
        client_error: null,
        elapsed_ms: null,
        ctap_status: null,
        ...more,
      });
      await insertCeremonyEvents(store, [
        step('a1', {}),
        step('a2', { time: LATER }),
        step('a3', { ceremony: null, user_id: null }),
      ]);
      const list = async (query: object, userId?: string) =>
        (await listCeremonyEvents(other, { limit: 10, ...query }, userId)).map(({ id }) => id);
      expect(await list({})).toEqual(['a3', 'a2', 'a1']);
      expect(await list({ limit: 1, before: 'a3' })).toEqual(['a2']);
      expect(await list({}, user.id)).toEqual(['a2', 'a1']);
      expect(await list({ trace: 'trace-a1' })).toEqual(['a2', 'a1']);
      expect(await list({ trace: 'c1' })).toEqual(['a2', 'a1']);
      expect(await list({ trace: 'trace-a3' })).toEqual(['a3']);
      expect(await list({ since: LATER })).toEqual(['a2']);
      await users.deleteUser(store, user.id);
      expect((await listCeremonyEvents(store, { limit: 1, before: 'a3' }, undefined))[0]).toMatchObject({
        id: 'a2',
        user_principal_name: null,
      });
      await purgeCeremonyEvents(store, LATER, 10);
      expect(await list({})).toEqual(['a2']);
      await purgeCeremonyEvents(store, '', 0);
      expect(await list({})).toEqual([]);
    },
  );

  check('the audit of two processes is one unbroken chain', async (store, other) => {
    const trails = [store, other].map((one) => new AuditTrail(one, () => new Date(NOW)));
    const writes = Array.from({ length: 40 }, (_, i) =>
      trails[i % 2]?.record(auditEvent(`s${i}`), auditEvent(`t${i}`)),
    );
    await Promise.all(writes);
    expect(await verifyAudit(store)).toMatchObject({ ok: true, lines: 80 });
    const [first, second] = await linesAfter(store, 0, 2);
    expect(first).toMatchObject({ seq: 1, time: NOW, previous_hash: '0'.repeat(64) });
    expect(second?.previous_hash).toBe(first?.hash);
    expect((await newestLines(store, 2, 80)).map((line) => line.seq)).toEqual([79, 78]);
  });

  check('the database refuses to change or remove a line of the audit', async (store) => {
    for (const statement of [
      "update audit set outcome = 'allowed' where seq = 1",
      'update audit set seq = 1000 where seq = 80',
      'delete from audit where seq = 1',
      'delete from audit',
      ...(dialectOf(store) === 'postgresql' ? ['truncate audit'] : []),
    ]) {
      await expect(sql.raw(statement).execute(store)).rejects.toThrow('append-only');
    }
    expect(await verifyAudit(store)).toMatchObject({ ok: true, lines: 80 });
  });

  check(
    'a line that was put in by hand breaks the chain, even with a hash that fits itself',
    async (store) => {
      const [last] = await newestLines(store, 1);
      if (last === undefined) throw new Error('no line');
      const content = { ...last, seq: 81, previous_hash: '0'.repeat(64) };
      const { seq, time, event, actor, subject, outcome, reason, correlation_id, previous_hash } = content;
      const parts = [previous_hash, seq, time, event, actor, subject, outcome, reason, correlation_id];
      const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
      await insertLines(store, [{ ...content, hash }]);
      expect(await verifyAudit(store)).toEqual({ ok: false, lines: 80, brokenAt: 81 });
    },
  );
}
