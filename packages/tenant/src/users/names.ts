/** Names as uniqueness sees them: whatever their case, and however their letters are composed. */
export const fold = (name: string): string => name.normalize('NFC').toLowerCase();
