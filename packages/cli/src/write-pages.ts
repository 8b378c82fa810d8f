/** Writes docs/exit-codes.md. */
import { writeFileSync } from 'node:fs';
import { exitCodesPage } from './exit-codes.ts';

writeFileSync(new URL('../../../docs/exit-codes.md', import.meta.url), exitCodesPage());
