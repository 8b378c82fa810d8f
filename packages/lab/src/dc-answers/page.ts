/** The page docs/domain-controller-answers.md, made of the table. */
import { describeErrorCode, KRB_ERROR_CODES } from '@kennel/kerberos';
import { CASE_USERS, DC_CASES, type DcCase } from './cases.ts';

const answerText = ({ answer }: DcCase) => {
  if (answer === 'full TGT' || answer === 'full TGT and key list') return answer;
  const { code } = KRB_ERROR_CODES[answer];
  return `${code} ${answer}: ${describeErrorCode(code)?.text}`;
};

/** Markdown. */
export function dcAnswersPage(): string {
  const rows = DC_CASES.map(
    (dcCase) =>
      `| ${dcCase.title} | ${answerText(dcCase)} | ${dcCase.source === 'samba-measured' ? 'measured on Samba' : 'reported of Windows'} |`,
  );
  return `# What a domain controller answers

A partial TGT is exchanged at a writable domain controller, which looks the user up and applies its own policy.
This table is the data that the tests put to a real Samba AD DC (4.17) and to the embedded lab domain, so it is
what they answer. Rows marked "reported of Windows" are what others report; the embedded domain plays them, and
nothing was tried on a Windows domain controller.

| a partial TGT ... | answer | source |
|---|---|---|
${rows.join('\n')}

## The accounts of the table

${Object.entries(CASE_USERS)
  .map(([name, state]) => `- \`${name}\`: ${state}`)
  .join('\n')}

This page is generated; \`npm run pages\` writes it anew.
`;
}
