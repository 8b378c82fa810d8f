/** Encryption and checksum types (RFC 3961 section 8, RFC 3962 section 7, IANA "Kerberos Encryption Type Numbers"). */

export const ETYPE = { AES128_CTS_HMAC_SHA1_96: 17, AES256_CTS_HMAC_SHA1_96: 18, RC4_HMAC: 23 } as const;

/** Checksum types; those of the PAC signatures are the same numbers read as 32-bit ([MS-PAC] 2.8.1). */
export const CKSUMTYPE = { HMAC_SHA1_96_AES128: 15, HMAC_SHA1_96_AES256: 16, GSS_8003: 0x8003 } as const;
