/** What every store keeps to, whichever database it lies in: topic by topic in `store-contract/`. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Store } from '../src/store/open.ts';
import { administrationInStore } from './store-contract/administration.ts';
import { ceremoniesInStore } from './store-contract/ceremonies.ts';
import { devicesInStore } from './store-contract/devices.ts';
import { logInStore } from './store-contract/log.ts';
import { passesInStore } from './store-contract/passes.ts';
import type { StoreTest } from './store-contract/rows.ts';
import { signInsInStore } from './store-contract/sign-ins.ts';
import { usersInStore } from './store-contract/users.ts';
import { whoseStore } from './store-contract/whose.ts';

/** @param open opens another connection to the same, initially empty, database, where there can be several */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store;
    let other: Store;
    beforeAll(async () => {
      store = await open();
      other = await open();
    });
    afterAll(async () => {
      await store?.destroy();
      await other?.destroy();
    });
    const check: StoreTest = (what, run) => test(what, () => run(store, other));
    whoseStore(check);
    usersInStore(check);
    ceremoniesInStore(check);
    devicesInStore(check);
    signInsInStore(check);
    administrationInStore(check);
    passesInStore(check);
    logInStore(check);
  });
}
