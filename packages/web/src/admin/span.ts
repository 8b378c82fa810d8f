/** A length of time in words. */
const UNITS = [
  [1440, 'day'],
  [60, 'hour'],
  [1, 'minute'],
] as const;

export function spanOf(minutes: number): string {
  const [size, name] = UNITS.find(([unit]) => minutes % unit === 0) ?? [1, 'minute'];
  const count = minutes / size;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
