/**
 * Samba domains for tests. The first of a run is provisioned, those after it start from a copy of that one (in half the
 * time): domains of one name share SIDs, and nothing else once they run.
 */
import { inject } from 'vitest';
import {
  type SambaDomain,
  type SambaDomainOptions,
  startSambaDomain,
} from '../../packages/lab/src/samba/index.ts';
import type {} from './provisioned.ts'; // what it provides

export const startTestDomain = (options: SambaDomainOptions = {}): Promise<SambaDomain> =>
  startSambaDomain({ provisionedIn: inject('provisionedIn'), ...options });
