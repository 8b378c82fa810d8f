/** A question before something that is not easily undone. */
import { confirm, isCancel } from '@clack/prompts';
import { CliError } from './errors.ts';

/**
 * Shows what is to happen and asks.
 * @throws CliError `cancelled`, and `usage` where there is no terminal to ask at
 */
export async function sure(yes: boolean, what: string, question: string): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY)
    throw new CliError('usage', 'There is no terminal to ask at. Give --yes if it is to be done.');
  console.error(what);
  const answer = await confirm({ message: question, initialValue: false, output: process.stderr });
  if (isCancel(answer) || !answer) throw new CliError('cancelled', 'Cancelled; nothing was changed.');
}
