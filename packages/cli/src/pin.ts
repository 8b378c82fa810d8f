/** Secrets that a person types: from the terminal without an echo, or from a file for scripts. Never from arguments. */
import { readFileSync } from 'node:fs';
import { isCancel, password } from '@clack/prompts';
import { option } from './command.ts';
import { CliError } from './errors.ts';

export const pinFileOption = option(
  '--pin-file <file>',
  'read the PIN from the first line of a file (- is standard input)',
);
export const passwordFileOption = option(
  '--password-file <file>',
  'read the password from the first line of a file (- is standard input)',
);

interface SecretQuestion {
  /** What it is: PIN, password. */
  what: string;
  question: string;
  /** The option that gives it in a file. */
  option: string;
}

/** @throws CliError `cancelled`, `pin-missing`, `file-unreadable` */
async function readSecret(
  file: string | undefined,
  { what, question, option }: SecretQuestion,
): Promise<string> {
  if (file !== undefined) {
    const line = firstLine(file);
    if (line === '')
      throw new CliError(
        'pin-missing',
        `${file === '-' ? 'Standard input' : file} holds no ${what} in its first line.`,
      );
    return line;
  }
  if (!process.stdin.isTTY)
    throw new CliError(
      'pin-missing',
      `A ${what} is needed and there is no terminal to ask at. Give it with ${option} FILE.`,
    );
  const answer = await password({ message: question, output: process.stderr });
  if (isCancel(answer)) throw new CliError('cancelled', 'Cancelled; nothing was changed.');
  return answer;
}

function firstLine(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/)[0] ?? '';
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
    throw new CliError('file-unreadable', `${file} cannot be read (${code}).`);
  }
}

/** The PIN of a security key. */
export const readPin = (file: string | undefined, question = 'PIN of the security key') =>
  readSecret(file, { what: 'PIN', question, option: '--pin-file' });

/**
 * A PIN that a security key is to get: typed twice, since nobody sees it. Throws as {@link readPin}.
 *
 * @throws CliError `pin-mismatch`
 */
export async function readNewPin(file: string | undefined): Promise<string> {
  const pin = await readPin(file, 'New PIN');
  if (file === undefined && (await readPin(undefined, 'New PIN again')) !== pin) {
    throw new CliError('pin-mismatch', 'The two are not the same; the PIN stays as it was. Try again.');
  }
  return pin;
}

/** The password of an administrator of a domain, for one command; it is not kept. */
export const readPassword = (file: string | undefined, question: string) =>
  readSecret(file, { what: 'password', question, option: '--password-file' });

/** The token of an invitation. */
export const readToken = (file: string | undefined) =>
  readSecret(file, { what: 'token', question: 'Enrolment token', option: '--token-file' });
