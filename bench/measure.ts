/** Measuring, for every benchmark that asks for many at a time. */

/** Milliseconds for so many, some of them at once. */
export async function atATime(times: number, atOnce: number, work: () => unknown): Promise<number> {
  const start = performance.now();
  let left = times;
  const worker = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return performance.now() - start;
}

export const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
export const median = (values: readonly number[]) => quantile(values, 0.5);

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
