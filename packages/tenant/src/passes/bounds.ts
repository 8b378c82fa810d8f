/** What every Temporary Access Pass keeps to, whatever the policy says. */
export const PASS_MINUTES = { least: 10, most: 43_200 } as const;
export const PASS_CHARACTERS = { least: 8, most: 48 } as const;
