/** Every command has help: what it does, an example, and `--json`. */
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { kennelProgram } from './program.ts';

/** The command and all below it. */
const within = (command: Command): Command[] => [command, ...command.commands.flatMap(within)];

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

const [program, ...commands] = within(kennelProgram());
const running = commands.filter((command) => command.options.some(({ long }) => long === '--json'));

test.each(running.map((command) => [pathOf(command), command] as const))('%s', (path, command) => {
  const help = helpOf(command);
  const [, example = ''] = /\nExample:\n {2}(.*)/.exec(help) ?? [];
  expect(example).toContain(path);
  expect(help).toContain('--json');
  expect(command.description()).not.toBe('');
});

test('what does not run itself leads to commands that do', () => {
  const others = commands.filter((command) => !running.includes(command));
  for (const group of others) {
    expect(group.commands.length, pathOf(group)).toBeGreaterThan(0);
    expect(group.description(), pathOf(group)).not.toBe('');
  }
  expect(running.length).toBeGreaterThan(80);
  expect(program && helpOf(program)).toContain('Exit codes: docs/exit-codes.md');
});
