/** A row of the table, and the codes that commands end with of themselves. */
export interface ExitCode {
  exit: number;
  meaning: string;
  /** The errors' codes. */
  codes: readonly string[];
}

export const EXIT = { USAGE: 2, AUDIT_BROKEN: 5, BATCH_INCOMPLETE: 76 } as const;
