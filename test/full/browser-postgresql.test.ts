/** The tests in a browser once more, with the tenant over a real PostgreSQL. */
import { describe, expect } from 'vitest';
import { missing, withPeers } from '../support/peers.ts';
import { startPostgres } from '../support/postgresql.ts';
import { WebPeople } from '../support/web-people.ts';

const it = withPeers('chromium', 'postgresql');

it('the browser and the database are there', () => expect(missing(['chromium', 'postgresql'])).toEqual([]));

if (missing(['chromium', 'postgresql']).length === 0) {
  WebPeople.place = async () => {
    const server = await startPostgres();
    return { options: { store: { postgresql: server.createDatabase('tenant') } }, stop: () => server.stop() };
  };
  describe('the pages over PostgreSQL', async () => void (await import('../interop/browser.test.ts')));
  describe('the administrators’ pages over PostgreSQL', async () =>
    void (await import('./admin-pages.test.ts')));
}
