/** What the sign-in page gives out: sessions, codes, refresh tokens. */
import { expect } from 'vitest';
import * as grants from '../../src/authorize/queries.ts';
import * as sessions from '../../src/sessions/queries.ts';
import type { Store } from '../../src/store/open.ts';
import * as users from '../../src/users/queries.ts';
import { LATER, NOW, newUser, type StoreTest } from './rows.ts';

export function signInsInStore(check: StoreTest): void {
  check(
    'a session is found until it ends, the oldest go first, and all go with the user',
    async (store, other) => {
      const user = newUser();
      await users.insertUser(store, user);
      const session = (hash: string, created: string) => ({
        token_hash: hash,
        user_id: user.id,
        method: 'fido' as const,
        credential_id: 'k',
        pass_id: null,
        created_on: created,
        proven_on: created,
        seen_on: created,
        expires_on: LATER,
      });
      await sessions.insertSession(store, session('old', '2026-01-01T00:00:00.000Z'));
      await sessions.insertSession(store, session('new', NOW));
      expect(await sessions.sessionByHash(other, 'new', NOW)).toEqual(session('new', NOW));
      expect(await sessions.sessionByHash(other, 'new', LATER)).toBeUndefined();
      await sessions.updateSession(store, 'new', { method: 'pass', credential_id: null, pass_id: 'p' });
      expect(await sessions.sessionByHash(other, 'new', NOW)).toMatchObject({ pass_id: 'p', seen_on: NOW });
      await sessions.trimSessions(store, 1);
      expect(await sessions.sessionByHash(store, 'old', NOW)).toBeUndefined();
      await sessions.insertSession(store, session('idle', '2026-01-01T00:00:00.000Z'));
      await sessions.purgeSessions(store, NOW, '2026-01-01T12:00:00.000Z');
      expect(await sessions.deleteSession(store, 'idle')).toBe(false);
      expect(await sessions.deleteSession(store, 'new')).toBe(true);
      await sessions.insertSession(store, session('last', NOW));
      await users.deleteUser(store, user.id);
      expect(await sessions.sessionByHash(store, 'last', NOW)).toBeUndefined();
    },
  );

  check(
    'of many that use a code or a refresh token, one does; its family ends together',
    async (store, other) => {
      const user = newUser();
      await users.insertUser(store, user);
      const grant = {
        user_id: user.id,
        method: 'fido' as const,
        credential_id: 'k',
        client_id: 'c',
        scope: 'openid',
        proven_on: NOW,
        expires_on: LATER,
        used: 0,
      };
      const code = {
        ...grant,
        code_hash: 'code',
        redirect_uri: 'x:',
        code_challenge: null,
        resource: null,
        nonce: null,
      };
      await grants.insertCode(store, code);
      expect(await grants.codeByHash(other, 'code')).toEqual(code);
      const both = [store, other, store, other];
      const once = async (use: (one: Store) => Promise<boolean>) =>
        (await Promise.all(both.map(use))).filter(Boolean).length;
      expect(await once((one) => grants.useCode(one, 'code'))).toBe(1);
      for (const hash of ['r1', 'r2']) {
        await grants.insertRefreshToken(store, { ...grant, token_hash: hash, family: 'code' });
      }
      expect(await once((one) => grants.useRefreshToken(one, 'r1'))).toBe(1);
      await grants.deleteFamily(store, 'code');
      expect(await grants.refreshTokenByHash(other, 'r2')).toBeUndefined();
      await grants.insertRefreshToken(store, { ...grant, token_hash: 'r3', family: 'f' });
      await sessions.endSignIns(store, user.id);
      expect(await grants.refreshTokenByHash(other, 'r3')).toBeUndefined();
      expect(await grants.codeByHash(other, 'code')).toBeUndefined();
      await grants.insertCode(store, code);
      await grants.purgeGrants(store, '2026-01-02T03:10:00.000Z');
      expect(await grants.codeByHash(other, 'code')).toBeUndefined();
    },
  );
}
