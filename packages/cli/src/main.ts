/** kennel: one command for administrators and devices; parses, calls, prints. */
import { CommanderError } from 'commander';
import { report } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { kennelProgram } from './program.ts';

try {
  await kennelProgram().parseAsync();
} catch (error) {
  // Commander has printed its own word already; help and version end with 0.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.USAGE;
  else process.exitCode = report(error, process.argv.includes('--json'));
}
