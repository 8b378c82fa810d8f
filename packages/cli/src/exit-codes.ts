/** Exit codes: one for each thing that a script would act on. The page docs/exit-codes.md is made of this table. */
import { DEVICE } from './exit-codes/device.ts';
import { DIRECTORY } from './exit-codes/directory.ts';
import { DOMAIN } from './exit-codes/domain.ts';
import type { ExitCode } from './exit-codes/exit.ts';
import { SIGN_IN } from './exit-codes/sign-in.ts';
import { TENANT } from './exit-codes/tenant.ts';
import { TICKETS } from './exit-codes/tickets.ts';

export { EXIT } from './exit-codes/exit.ts';

export const EXIT_CODES: readonly ExitCode[] = [
  ...TENANT,
  ...SIGN_IN,
  ...TICKETS,
  ...DOMAIN,
  ...DIRECTORY,
  ...DEVICE,
];

const BY_CODE = new Map(EXIT_CODES.flatMap(({ exit, codes }) => codes.map((code) => [code, exit] as const)));

/** The exit code of an error's code; 1 for what no script needs to tell apart. */
export const exitCodeOf = (code: string): number => BY_CODE.get(code) ?? 1;

/** Markdown of docs/exit-codes.md. */
export function exitCodesPage(): string {
  const rows = EXIT_CODES.map(
    ({ exit, meaning, codes }) =>
      `| ${exit} | ${meaning} | ${codes.map((code) => `\`${code}\``).join(', ')} |`,
  );
  return `# Exit codes

Every \`kennel\` command ends with one of these; with \`--json\` an error is \`{"error":{"code","message","next"}}\`.

| exit | meaning | \`error.code\` |
|---|---|---|
| 0 | done | |
| 1 | anything else; the message says what | |
${rows.join('\n')}

This page is generated; \`npm run pages\` writes it anew.
`;
}
