/** Writes the pages of docs/ that are made of tables (`npm run pages`). */
import { writeFileSync } from 'node:fs';
import { dcAnswersPage } from '@kennel/lab';
import { exitCodesPage } from './exit-codes.ts';

const write = (name: string, text: string) =>
  writeFileSync(new URL(`../../../docs/${name}`, import.meta.url), text);

write('exit-codes.md', exitCodesPage());
write('domain-controller-answers.md', dcAnswersPage());
