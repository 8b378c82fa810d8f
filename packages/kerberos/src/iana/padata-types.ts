/** Pre-authentication data types (RFC 4120 section 7.5.2, [MS-KILE] 2.2.7, 2.2.11, 2.2.12, 3.1.5.1). */

export const PADATA = {
  TGS_REQ: 1,
  ENC_TIMESTAMP: 2,
  ETYPE_INFO2: 19,
  PAC_REQUEST: 128,
  PAC_OPTIONS: 167,
  /** RFC 6806 section 11. */
  REQ_ENC_PA_REP: 149,
  SUPPORTED_ENCTYPES: 165,
  KEY_LIST_REQ: 161,
  KEY_LIST_REP: 162,
} as const;
