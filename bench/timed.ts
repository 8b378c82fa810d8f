/** How long a session waits for its directory. */
import type { DomainSession } from '@kennel/active-directory';

/** Counts how long searches are waited for, from now on. @returns reads the count, milliseconds */
export function timed({ directory: { client } }: DomainSession): () => number {
  let total = 0;
  const { search, searchPaginated } = client;
  client.search = async (...given) => {
    const began = performance.now();
    try {
      return await search.apply(client, given);
    } finally {
      total += performance.now() - began;
    }
  };
  client.searchPaginated = async function* (...given) {
    const pages = searchPaginated.apply(client, given);
    for (;;) {
      const began = performance.now();
      const { done, value } = await pages.next();
      total += performance.now() - began;
      if (done) return;
      yield value;
    }
  } as typeof searchPaginated;
  return () => Math.round(total);
}
