/** kennel software-key: a security key in software, for labs; a tenant refuses it unless it is configured as one. */
import { confirm, isCancel } from '@clack/prompts';
import type { Command } from 'commander';
import { define, option, text } from '../command.ts';
import { softwareKeySocket, softwareKeyState } from '../home.ts';

export function softwareKeyCommands(program: Command): void {
  const group = program.command('software-key').description('a security key in software, for labs');
  define(
    group,
    {
      usage: 'serve',
      summary: 'plug it in: answer on a socket until stopped (Ctrl-C)',
      example: 'kennel software-key serve --ask',
      options: [
        option(
          '--socket <path>',
          'where to answer (KENNEL_SECURITY_KEY, or software-key.sock in KENNEL_HOME)',
        ),
        option('--state <file>', 'its memory (software-key.json in KENNEL_HOME)'),
        option('--ask', 'ask at the terminal for each touch; without it touches are granted at once'),
      ],
    },
    async (_, given) => {
      const socketPath = text(given, 'socket') ?? softwareKeySocket();
      const { serveSoftwareKey } = await import('@kennel/security-key');
      const served = await serveSoftwareKey({
        socketPath,
        statePath: text(given, 'state') ?? softwareKeyState(),
        ...(given.ask ? { onTouch: askForTouch } : {}),
      });
      console.error(
        `The software key answers at ${socketPath}. It is for labs: whoever has its file can guess its PIN.`,
      );
      await new Promise<void>((stop) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
      });
      await served.close();
      return { value: { stopped: true }, text: '' };
    },
  );
}

async function askForTouch({ operation, rpId }: { operation: string; rpId?: string }): Promise<boolean> {
  const answer = await confirm({ message: `Touch the key (${operation}${rpId ? ` for ${rpId}` : ''})?` });
  return !isCancel(answer) && answer;
}
