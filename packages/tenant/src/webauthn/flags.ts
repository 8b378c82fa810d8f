/** The flags of authenticator data (section 6.1): user present, user verified. */
export const USER_PRESENT = 0x01;
export const USER_VERIFIED = 0x04;

/** They stand behind the hash of the RP ID. */
export const flagsOf = (authenticatorData: Uint8Array) => authenticatorData[32] ?? 0;
