/** CSV (RFC 4180), as far as lists of users need it: quoted fields, commas, either line end; sizes are bounded. */
import { readFileSync } from 'node:fs';
import { CliError } from '../errors.ts';

const ROWS_AT_MOST = 10_000;

export interface BatchRow {
  /** The line of the file, from 1. */
  line: number;
  user: string;
  displayName: string;
}

/**
 * The rows of a batch: a heading line with `user`, and where wanted `displayName`; other columns are left alone.
 *
 * @throws CliError `file-unreadable`, `batch-invalid`
 */
export function readBatch(file: string, usualName: string): BatchRow[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
    throw new CliError('file-unreadable', `${file} cannot be read (${code}).`);
  }
  const [headings = [], ...rows] = parseCsv(text);
  const column = (name: string) => headings.findIndex((heading) => heading.trim().toLowerCase() === name);
  const [userAt, nameAt] = [column('user'), column('displayname')];
  if (userAt < 0) throw invalid(`${file} has no column "user" in its first line.`);
  if (rows.length > ROWS_AT_MOST) throw invalid(`${file} has more than ${ROWS_AT_MOST} lines.`);
  const batch = rows.map((row, index) => ({
    line: index + 2,
    user: (row[userAt] ?? '').trim(),
    displayName: (nameAt < 0 ? '' : (row[nameAt] ?? '').trim()) || usualName,
  }));
  const nameless = batch.find(({ user }) => user === '');
  if (nameless !== undefined) throw invalid(`${file}, line ${nameless.line}: there is no user.`);
  const seen = new Set<string>();
  for (const { line, user } of batch) {
    if (seen.has(user.toLowerCase())) throw invalid(`${file}, line ${line}: ${user} stands there twice.`);
    seen.add(user.toLowerCase());
  }
  return batch;
}

/** All records; empty lines are none. @throws CliError `batch-invalid` */
export function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let fields: string[] = [];
  let at = 0;
  const endRecord = () => {
    if (fields.length > 1 || fields[0] !== '') records.push(fields);
    fields = [];
  };
  while (at < text.length) {
    if (text[at] === '"') {
      let value = '';
      for (;;) {
        const end = text.indexOf('"', at + 1);
        if (end < 0) throw invalid('The file ends within quotes.');
        value += text.slice(at + 1, end);
        at = end + 1;
        if (text[at] !== '"') break;
        value += '"'; // a quote within quotes is doubled
      }
      fields.push(value);
    } else {
      const end = text.slice(at).search(/[,\r\n]/);
      fields.push(end < 0 ? text.slice(at) : text.slice(at, at + end));
      at = end < 0 ? text.length : at + end;
    }
    if (text[at] === ',') {
      at += 1;
      if (at === text.length || text[at] === '\n' || text[at] === '\r') fields.push('');
      if (text[at] !== '\n' && text[at] !== '\r') continue;
    }
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    else if (at < text.length) throw invalid('Text stands behind quotes.');
    endRecord();
  }
  if (fields.length > 0) endRecord();
  return records;
}

/** One line. What a spreadsheet would take for a formula gets an apostrophe before it. */
export function csvLine(fields: readonly string[]): string {
  const cell = (field: string) => {
    const safe = /^[=+\-@\t\r]/.test(field) ? `'${field}` : field;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return `${fields.map(cell).join(',')}\n`;
}

const invalid = (text: string) =>
  new CliError('batch-invalid', `${text} The first line names the columns: user,displayName`);
