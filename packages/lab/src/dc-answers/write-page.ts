/** Writes docs/domain-controller-answers.md. */
import { writeFileSync } from 'node:fs';
import { dcAnswersPage } from './page.ts';

writeFileSync(new URL('../../../../docs/domain-controller-answers.md', import.meta.url), dcAnswersPage());
