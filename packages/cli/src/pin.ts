/** The PIN of a security key: from the terminal without an echo, or from a file for scripts. Never from arguments. */
import { readFileSync } from 'node:fs';
import { isCancel, password } from '@clack/prompts';
import { option } from './command.ts';
import { CliError } from './errors.ts';

export const pinFileOption = option(
  '--pin-file <file>',
  'read the PIN from the first line of a file (- is standard input)',
);

/** @throws CliError `cancelled`, `pin-missing` */
export async function readPin(
  pinFile: string | undefined,
  question = 'PIN of the security key',
): Promise<string> {
  if (pinFile !== undefined) {
    const line = readFileSync(pinFile === '-' ? 0 : pinFile, 'utf8').split(/\r?\n/)[0] ?? '';
    if (line === '')
      throw new CliError(
        'pin-missing',
        `${pinFile === '-' ? 'Standard input' : pinFile} holds no PIN in its first line.`,
      );
    return line;
  }
  if (!process.stdin.isTTY)
    throw new CliError(
      'pin-missing',
      'A PIN is needed and there is no terminal to ask at. Give it with --pin-file FILE.',
    );
  const answer = await password({ message: question, output: process.stderr });
  if (isCancel(answer)) throw new CliError('cancelled', 'Cancelled; nothing was changed.');
  return answer;
}
