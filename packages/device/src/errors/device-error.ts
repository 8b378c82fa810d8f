/** The one error class of the device; every code, its words and what to do next stand in the error table. */
import { DEVICE_ERRORS, type DeviceErrorCode } from './table.ts';

export interface DeviceErrorOptions {
  /** What the table cannot know: an address, a path, the tries that are left. Put in brackets after the message. */
  about?: string;
  /** In place of the table's message, where another room has better words. */
  message?: string;
  /** For the log. Never key material. */
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/** `code` is stable, `message` says what happened, `next` what the person or the administrator does about it. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  readonly code: DeviceErrorCode;
  readonly next: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: DeviceErrorCode, options: DeviceErrorOptions = {}) {
    const { message, next } = DEVICE_ERRORS[code];
    const { about, cause } = options;
    const words = options.message ?? (about === undefined ? message : message.replace(/\.$/, ` (${about}).`));
    super(words, cause === undefined ? undefined : { cause });
    this.code = code;
    this.next = next;
    this.details = options.details ?? {};
  }

  /** The same error, with more for the log. */
  with(details: Readonly<Record<string, unknown>>): DeviceError {
    const { code, message, cause } = this;
    return new DeviceError(code, { message, cause, details: { ...this.details, ...details } });
  }
}

/** An error's text on one line and without control characters: it may come from a peer, and ends on a terminal. */
export function plainText(value: unknown, longest = 400): string {
  return String(value)
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .slice(0, longest)
    .trim();
}
