/** Times as people read them, in their own language and zone. */

/** A day; the exact time in its title. */
export function Time({ value }: { value: string }) {
  const date = new Date(value);
  return (
    <time dateTime={value} title={date.toLocaleString()}>
      {date.toLocaleDateString(undefined, { dateStyle: 'medium' })}
    </time>
  );
}

/** A day and its time; to the second where one event is told from the next. */
export function Moment({ value, seconds = false }: { value: string; seconds?: boolean }) {
  const style = { dateStyle: 'medium', timeStyle: seconds ? 'medium' : 'short' } as const;
  return <time dateTime={value}>{new Date(value).toLocaleString(undefined, style)}</time>;
}
