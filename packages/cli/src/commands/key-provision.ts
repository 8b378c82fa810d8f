/** kennel key provision: security keys for people, made ready by an administrator, one or a batch. */
import { createInterface } from 'node:readline/promises';
import { type Command, Option } from 'commander';
import { admin } from '../admin.ts';
import { define, type Given, option, text } from '../command.ts';
import { CliError, shownError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { pinFileOption, readPin } from '../pin.ts';
import { type BatchRow, readBatch } from '../provisioning/csv.ts';
import { provisionKey } from '../provisioning/provision.ts';
import { type Result, ResultFile } from '../provisioning/results.ts';
import { keyOption, withKey } from '../security-key.ts';
import { fields } from '../table.ts';

const USUAL_NAME = 'Security key';

export function provisionCommand(group: Command): void {
  define(
    group,
    {
      usage: 'provision',
      summary: 'make a fresh security key ready for a user, or keys for all users of a CSV file',
      example: 'kennel key provision --csv people.csv --result keys.csv',
      options: [
        new Option('--user <user>', 'for this user').conflicts('csv'),
        option('--csv <file>', 'for each line of it: columns user and, where wanted, displayName'),
        option(
          '--result <file>',
          'where the PINs and results go (0600); given again, an interrupted batch goes on',
        ),
        option('--display-name <name>', 'how the user tells it apart').default(USUAL_NAME),
        keyOption,
        pinFileOption,
      ],
    },
    async (_, given) => {
      const csv = text(given, 'csv');
      const user = text(given, 'user');
      if (csv !== undefined) return batch(given, csv);
      if (user === undefined) throw new CliError('usage', 'Say for whom: --user USER, or --csv FILE.');
      return one(given, user);
    },
  );
}

async function one(given: Given, user: string) {
  const file = text(given, 'result');
  const results = file === undefined ? undefined : new ResultFile(file);
  const pin = await givenPin(given);
  const displayName = text(given, 'displayName') ?? USUAL_NAME;
  const before = results?.of(user);
  if (before?.state === 'done')
    throw new CliError('key-exists', `${file} says that ${user} has a key already.`);
  await (await admin()).users.show(user); // before a key is touched
  const value = await withKey(given, (key) =>
    provisionKey(key, { user, displayName, pin, before, keep: (result) => results?.keep(result) }),
  );
  return {
    value,
    text: `${fields({ user, model: value.model || value.aaGuid, PIN: value.pin })}\n\n${handOver(value)}`,
  };
}

async function batch(given: Given, csv: string) {
  const file = text(given, 'result');
  if (file === undefined) {
    throw new CliError(
      'usage',
      'A batch needs --result FILE: the PINs go there, and the state of an interrupted run.',
    );
  }
  const rows = readBatch(csv, text(given, 'displayName') ?? USUAL_NAME);
  const results = new ResultFile(file);
  const pin = await givenPin(given);
  const left = rows.filter(({ user }) => results.of(user)?.state !== 'done');
  if (left.length < rows.length) say(`${rows.length - left.length} of ${rows.length} are done already.`);
  const waiting = await withoutStrangers(left, results);
  for (const [index, row] of waiting.entries()) {
    await nextKey(row, `${index + 1} of ${waiting.length}`);
    await provisionRow(given, row, pin, results);
  }
  const ours = rows.map(({ user }) => results.of(user));
  const failed = ours.filter((result) => result?.state !== 'done').length;
  const unforced = ours.filter((result) => result?.state === 'done' && result.pinMustChange !== 'yes').length;
  const lines = [
    `${rows.length - failed} of ${rows.length} users have their keys; the PINs are in ${file} (only you may read it: destroy it when they are handed over).`,
    failed > 0 ? `${failed} failed. Run the same command again: it goes on with these.` : '',
    unforced > 0 ? `${unforced} keys cannot be told to ask for a new PIN: have their owners change it.` : '',
  ];
  return {
    value: {
      users: rows.length,
      done: rows.length - failed,
      failed,
      pinChangeNotForced: unforced,
      result: file,
    },
    text: lines.filter((line) => line !== '').join('\n'),
    exitCode: failed > 0 ? EXIT.BATCH_INCOMPLETE : 0,
  };
}

/** Those whom the tenant knows; the others are told before the first key is put in. */
async function withoutStrangers(rows: readonly BatchRow[], results: ResultFile): Promise<BatchRow[]> {
  const { users } = await admin();
  const known: BatchRow[] = [];
  for (const row of rows) {
    try {
      await users.show(row.user);
      known.push(row);
    } catch (error) {
      const { code, message } = shownError(error);
      if (code !== 'user-not-found' && code !== 'user-ambiguous') throw error;
      results.keep({ ...results.of(row.user), user: row.user, state: 'failed', error: code });
      say(`${row.user}: ${message}`);
    }
  }
  return known;
}

/** A user's failure is kept and said, and the batch goes on with the next. */
async function provisionRow(
  given: Given,
  { user, displayName }: BatchRow,
  pin: string | undefined,
  results: ResultFile,
): Promise<void> {
  const before = results.of(user);
  const keep = (result: Result) => results.keep(result);
  try {
    const done = await withKey(given, (key) => provisionKey(key, { user, displayName, pin, before, keep }));
    say(`${user}: done (${done.model || done.aaGuid}).`);
  } catch (error) {
    const { code, message } = shownError(error);
    const state = results.of(user);
    // What is known of the key stays known, for the next run; of a key that was not fresh nothing is.
    const kept = code === 'key-not-fresh' ? before : state;
    keep({ ...kept, user, state: kept?.state === 'made' ? 'made' : 'failed', error: code });
    say(`${user}: ${message}`);
  }
}

async function nextKey({ user }: BatchRow, count: string): Promise<void> {
  if (!process.stdin.isTTY) return say(`${count}: ${user}`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    await terminal.question(
      `${count}: put in a fresh key for ${user}, and that one alone; then press Enter. `,
    );
  } finally {
    terminal.close();
  }
}

/** Without the option the key must be fresh, and nobody is asked. */
async function givenPin(given: Given): Promise<string | undefined> {
  const file = text(given, 'pinFile');
  return file === undefined ? undefined : readPin(file);
}

const say = (line: string) => console.error(line);

const handOver = ({ pinMustChange }: Result) =>
  pinMustChange === 'yes'
    ? 'The key asks its owner for a PIN of their own before it does anything else: `kennel key change-pin`, or the settings of the system.'
    : 'This key cannot be told to ask for a new PIN: have its owner change it (`kennel key change-pin`).';
