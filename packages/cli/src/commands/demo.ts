/** kennel demo: the whole flow on this machine, with an embedded domain or a real Samba. */
import type { StepReport } from '@kennel/lab';
import type { Command } from 'commander';
import { define, option, text } from '../command.ts';
import { CliError } from '../errors.ts';

export function demoCommand(program: Command): void {
  define(
    program,
    {
      usage: 'demo',
      summary: 'walk the whole flow on this machine, then stay up',
      example: 'kennel demo --once --json',
      options: [
        option('--home <dir>', "the demo's folder, made anew").default('.kennel/demo'),
        option('--once', 'walk and exit: 0, or 1 with the step that failed'),
        option(
          '--samba',
          'a real Samba AD DC in a network namespace instead of the embedded domain (root, Linux)',
        ),
        option(
          '--hybrid',
          'with --samba: the device is a computer of the domain (hybrid join), users are synced',
        ),
      ],
    },
    async (_, given) => {
      const json = given.json === true;
      if (given.hybrid === true && given.samba !== true)
        throw new CliError('usage', '--hybrid is for --samba: the embedded domain has no machines.');
      const print = (value: unknown, line: string) => console.log(json ? JSON.stringify(value) : line);
      // Ctrl-C before the end of the walk ends it at once; afterwards it stops cleanly.
      const stopped = new Promise<void>((stop) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
      });
      const { runDemo } = await import('@kennel/lab');
      const demo = await runDemo({
        home: text(given, 'home') ?? '.kennel/demo',
        samba: given.samba === true,
        hybrid: given.hybrid === true,
        onStep: (step) => print(step, stepLine(step)),
      });
      print(demo.ready, readyText(demo.ready, demo.hints, given.once === true));
      if (!given.once) await stopped;
      await demo.close();
      return { value: undefined, text: '' };
    },
  );
}

function stepLine({ ok, step, ms, text: told, proves }: StepReport): string {
  return `${ok ? 'ok ' : 'NO '} ${`${ms} ms`.padStart(8)}  ${step}: ${told}${proves ? `\n${' '.repeat(14)}-> ${proves}` : ''}`;
}

function readyText(ready: object, hints: readonly string[], once: boolean): string {
  const lines = Object.entries(ready)
    .filter(([name]) => name !== 'step')
    .map(([name, value]) => `  ${name.padEnd(9)} ${value}`);
  const use = once
    ? []
    : [
        '',
        "Use Alice's tickets from another terminal:",
        ...hints.map((hint) => `  ${hint}`),
        '',
        'Ctrl-C stops everything.',
      ];
  return ['', 'Ready.', ...lines, ...use].join('\n');
}
