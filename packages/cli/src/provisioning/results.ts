/**
 * What became of each user of a batch, in a file that nobody else may read: it holds the PINs of the keys until their
 * owners change them. Each step is on the disk before the next one begins, so that a batch that was interrupted goes on
 * where it stood, with the same key and the same PIN, and registers nothing twice.
 */
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { CliError } from '../errors.ts';
import { csvLine, parseCsv } from './csv.ts';

const COLUMNS = [
  'user',
  'state',
  'displayName',
  'pin',
  'pinMustChange',
  'credentialId',
  'aaGuid',
  'model',
  'time',
  'error',
] as const;

/**
 * `pin-chosen`: the key is about to get this PIN; `made`: it has a credential, which the tenant may not know yet;
 * `done`; `failed`.
 */
export type ProvisioningState = 'pin-chosen' | 'made' | 'done' | 'failed';

export type Result = { user: string; state: ProvisioningState } & Partial<
  Record<Exclude<(typeof COLUMNS)[number], 'user' | 'state'>, string>
>;

export class ResultFile {
  readonly #path: string;
  readonly #results = new Map<string, Result>();

  /** @throws CliError `file-unreadable`, `batch-invalid` (it is no result file) */
  constructor(path: string) {
    this.#path = path;
    if (!existsSync(path)) return;
    const [headings = [], ...rows] = parseCsv(readFileSync(path, 'utf8'));
    if (headings.join() !== COLUMNS.join()) {
      throw new CliError('batch-invalid', `${path} is there already and is no result file. Name another.`);
    }
    for (const row of rows) {
      const entries = COLUMNS.map((name, index) => [name, (row[index] ?? '').replace(/^'(?=[=+\-@])/, '')]);
      const result = Object.fromEntries(entries.filter(([, value]) => value !== '')) as Result; // as it was written
      this.#results.set(result.user.toLowerCase(), result);
    }
  }

  of(user: string): Result | undefined {
    return this.#results.get(user.toLowerCase());
  }

  get all(): readonly Result[] {
    return [...this.#results.values()];
  }

  /** Keeps a user's result in place of the one before; it is on the disk when this returns. @throws CliError `file-unwritable` */
  keep(result: Result): void {
    this.#results.set(result.user.toLowerCase(), result);
    const lines = this.all.map((one) => csvLine(COLUMNS.map((name) => one[name] ?? '')));
    try {
      this.#write(csvLine(COLUMNS) + lines.join(''));
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
      throw new CliError(
        'file-unwritable',
        `${this.#path} cannot be written (${code}); it is as it was after the step before. See that there is room and leave to write, then run the same command again with the same key.`,
      );
    }
  }

  #write(text: string): void {
    const draft = `${this.#path}.new`;
    const file = openSync(draft, 'w', 0o600);
    try {
      fchmodSync(file, 0o600); // a leftover keeps its own mode
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, this.#path);
  }
}
