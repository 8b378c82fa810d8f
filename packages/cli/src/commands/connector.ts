/** kennel connector run: sync of a domain again and again, as a service. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { define, type Given, option, text } from '../command.ts';
import { CliError, shownError } from '../errors.ts';
import { resultText, SCOPE_OPTIONS, syncOnce, targetOf } from './sync.ts';

const SECONDS_BETWEEN = 120;

export function connectorCommands(program: Command): void {
  const connector = program.command('connector').description('sync of a domain as a service');
  define(
    connector,
    {
      usage: 'run',
      summary: 'sync a domain again and again, until it is stopped (Ctrl-C, SIGTERM)',
      example:
        'kennel connector run --domain corp.example.com --domain-credential sync@corp.example.com --keytab sync.keytab',
      options: [
        ...SCOPE_OPTIONS,
        option('--every <seconds>', `between two runs (${SECONDS_BETWEEN} unless given)`),
      ],
    },
    connectorRun,
  );
}

async function connectorRun(_: string[], given: Given) {
  const every = Number(text(given, 'every') ?? SECONDS_BETWEEN) * 1000;
  if (!Number.isFinite(every) || every < 1000)
    throw new CliError('usage', '--every takes seconds, 1 at least.');
  // The password is read for every run, so that a new one in the file is taken; nobody is there to type it.
  if (text(given, 'keytab') === undefined && [undefined, '-'].includes(text(given, 'passwordFile')))
    throw new CliError('usage', 'A service is not asked for a password: give --keytab or --password-file.');
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const target = await targetOf(given);
  let runs = 0;
  while (!stop.signal.aborted) {
    try {
      const result = await syncOnce(given, target);
      runs += 1;
      console.log(given.json === true ? JSON.stringify(result) : resultText(result));
    } catch (error) {
      // The network, a controller, the tenant: the next run goes on from where this one came.
      const shown = shownError(error);
      console.error(given.json === true ? JSON.stringify({ error: shown }) : shown.message);
    }
    await wait(every, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  return { value: { runs }, text: '' };
}
