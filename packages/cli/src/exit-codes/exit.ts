/** A row of the table, and the codes that commands end with of themselves. */
export interface ExitCode {
  exit: number;
  meaning: string;
  /** The errors' codes. */
  codes: readonly string[];
}

export const EXIT = {
  USAGE: 2,
  AUDIT_BROKEN: 5,
  OUT_OF_STEP: 50,
  NO_SERVER_OBJECT: 51,
  NO_TENANT_KEY: 52,
  ROTATION_OVERDUE: 53,
  VERIFY_FAILED: 56,
  BATCH_INCOMPLETE: 76,
} as const;
