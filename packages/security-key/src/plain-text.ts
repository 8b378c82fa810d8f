/** Text from a key that a terminal will show: a name must not be able to move the cursor or forge a line. */

/** The text with each control and formatting character replaced. */
export const plainText = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
