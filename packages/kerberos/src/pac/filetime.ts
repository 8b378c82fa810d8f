/** FILETIME ([MS-DTYP] 2.3.3): 100 ns since 1601-01-01 UTC, as a bigint. */

const UNIX_EPOCH = 116_444_736_000_000_000n;

/** "Never" in a PAC: no log-off, no expiry. */
export const NEVER = 0x7fffffffffffffffn;

export const toFileTime = (date: Date): bigint => BigInt(date.getTime()) * 10_000n + UNIX_EPOCH;
export const fromFileTime = (value: bigint): Date => new Date(Number((value - UNIX_EPOCH) / 10_000n));
