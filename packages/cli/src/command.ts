/** One way to declare a command: `--json`, an example in its help, and an exit code that means something. */
import { type Command, Option } from 'commander';
import { shownError } from './errors.ts';
import { exitCodeOf } from './exit-codes.ts';

/** What a command gives back: `value` is printed by `--json`, `text` to people; `exitCode` where it is not 0. */
export interface Outcome {
  value: unknown;
  text: string;
  exitCode?: number;
}

export interface CommandSpec {
  /** Name and arguments, as commander writes them: `show <user>`. */
  usage: string;
  summary: string;
  example: string;
  options?: readonly Option[];
}

/** Options that were given, by their camel-case names. */
export type Given = Readonly<Record<string, string | boolean | undefined>>;

export const option = (flags: string, description: string) => new Option(flags, description);
export const required = (flags: string, description: string) =>
  new Option(flags, description).makeOptionMandatory();

/** The text of an option; undefined where it was not given. */
export function text(given: Given, name: string): string | undefined {
  const value = given[name];
  return typeof value === 'string' ? value : undefined;
}

/**
 * Adds a command. Errors go to stderr (with `--json` as an object on stdout) and set the exit code.
 * @param run gets the arguments in their order (several of a variadic one as they come) and the options
 */
export function define(
  parent: Command,
  spec: CommandSpec,
  run: (args: string[], given: Given) => Promise<Outcome>,
): Command {
  const command = parent.command(spec.usage).description(spec.summary);
  for (const each of spec.options ?? []) command.addOption(each);
  command.option('--json', 'print JSON');
  // Ids are base64url: one in 64 begins with a hyphen. What is no option is then an argument, and one too many is told.
  if (spec.usage.includes('<id>')) command.allowUnknownOption();
  command.addHelpText('after', `\nExample:\n  ${spec.example}`);
  return command.action(async () => {
    // A command that has commands of its own reads their --json, too: it is one option.
    const given = command.optsWithGlobals<Given>();
    try {
      const outcome = await run(command.args, given);
      if (given.json && outcome.value !== undefined) console.log(JSON.stringify(outcome.value));
      else if (outcome.text) console.log(outcome.text);
      process.exitCode = outcome.exitCode ?? 0;
    } catch (error) {
      process.exitCode = report(error, given.json === true);
    }
  });
}

/** Prints an error and gives its exit code. */
export function report(error: unknown, json: boolean): number {
  const shown = shownError(error);
  if (json) console.log(JSON.stringify({ error: shown }));
  else console.error(shown.next ? `${shown.message}\n${shown.next}` : shown.message);
  return exitCodeOf(shown.code);
}
