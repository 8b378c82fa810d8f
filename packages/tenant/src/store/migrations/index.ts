/** All migrations, in order. A migration that was released is never changed: add another. */
import type { Migration } from 'kysely';
import { down, up } from './0001-first.ts';

export const migrations: Record<string, Migration> = { '0001-first': { up, down } };
