/** What of a long list is shown at once, and the caption that says so. */

const SHOWN_AT_MOST = 200;

/** @param noun what they are, one of them: `user` */
export function shownOf<T>(found: readonly T[], noun: string): { shown: readonly T[]; caption: string } {
  const shown = found.slice(0, SHOWN_AT_MOST);
  const caption =
    found.length > shown.length
      ? `The first ${shown.length} of ${found.length} ${noun}s: search for others`
      : `${found.length} ${found.length === 1 ? noun : `${noun}s`}`;
  return { shown, caption };
}
