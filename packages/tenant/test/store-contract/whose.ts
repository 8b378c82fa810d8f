/** Whose store it is, and what a tenant finds in it. */
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { checkStoreIdentity, recordStoreIdentity } from '../../src/store/identity.ts';
import { migrateStore, unmigrateStore } from '../../src/store/open.ts';
import { ensureTenantKeys, loadTenantKeys } from '../../src/tenant-keys/rules.ts';
import * as users from '../../src/users/queries.ts';
import { NOW, type StoreTest } from './rows.ts';

const config = {
  tenantId: randomUUID(),
  tenantName: 'Test',
  hostName: 'localhost',
  listen: { address: '127.0.0.1', port: 0 },
  rpId: 'localhost',
  origins: ['https://localhost'],
  tls: 'selfSigned' as const,
  store: { sqlite: ':memory:' },
  lab: false,
};

export function whoseStore(check: StoreTest): void {
  check('migrates up, down and up again, and two at once take turns', async (store, other) => {
    await migrateStore(store);
    await unmigrateStore(store);
    await Promise.all([migrateStore(store), migrateStore(other)]);
    expect(await users.listUsers(store, '', 10)).toEqual([]);
  });

  check('belongs to one tenant and one RP ID', async (store) => {
    expect(await checkStoreIdentity(store, config)).toBe(false);
    await recordStoreIdentity(store, config);
    await recordStoreIdentity(store, { ...config, rpId: 'late.example' });
    expect(await checkStoreIdentity(store, config)).toBe(true);
    await expect(checkStoreIdentity(store, { ...config, rpId: 'late.example' })).rejects.toMatchObject({
      code: 'rp-id-changed',
    });
    await expect(checkStoreIdentity(store, { ...config, tenantId: randomUUID() })).rejects.toMatchObject({
      code: 'store-not-initialised',
    });
  });

  check('two processes that make the tenant keys end with the same ones', async (store, other) => {
    const master = { id: '0011223344556677', key: createSecretKey(randomBytes(32)) };
    await Promise.all(
      [store, other].map((one) => ensureTenantKeys(one, master, config.tenantId, new Date(NOW))),
    );
    const [mine, theirs] = [await loadTenantKeys(store, master), await loadTenantKeys(other, master)];
    expect(mine.signing.kid).toBe(theirs.signing.kid);
    expect(mine.nonce.equals(theirs.nonce)).toBe(true);
    const wrong = { id: '8899aabbccddeeff', key: createSecretKey(randomBytes(32)) };
    await expect(loadTenantKeys(store, wrong)).rejects.toMatchObject({ code: 'master-key-wrong' });
  });
}
