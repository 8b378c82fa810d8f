/** Errors that the command line itself makes, and how any room's error is shown. */

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** An error as a person and a program get it. `next` is what to do. */
export interface ShownError {
  code: string;
  message: string;
  next?: string;
}

/** Every room's errors have `code` and a message for people; anything else is a fault of the program. */
export function shownError(error: unknown): ShownError {
  const { code, message, next } = error as { code?: unknown; message?: unknown; next?: unknown }; // anything may be thrown
  if (typeof code === 'string' && typeof message === 'string')
    return { code, message, ...(typeof next === 'string' ? { next } : {}) };
  return {
    code: 'internal-error',
    message: `Something went wrong inside kennel: ${String(error)}. Please report it.`,
  };
}
