/** Message, name, authorization-data and last-req types; ticket and KDC option flags (RFC 4120 section 7.5, 5.3, 5.4.1). */

export const MSG_TYPE = {
  AS_REQ: 10,
  AS_REP: 11,
  TGS_REQ: 12,
  TGS_REP: 13,
  AP_REQ: 14,
  AP_REP: 15,
  KRB_CRED: 22,
  KRB_ERROR: 30,
} as const;

export const NAME_TYPE = { PRINCIPAL: 1, SRV_INST: 2, SRV_HST: 3, ENTERPRISE: 10 } as const;

export const AD_TYPE = { IF_RELEVANT: 1, WIN2K_PAC: 128 } as const;

/** TicketFlags; bit 0 is the most significant of 32. */
export const TICKET_FLAG = {
  FORWARDABLE: 0x40000000,
  FORWARDED: 0x20000000,
  RENEWABLE: 0x00800000,
  INITIAL: 0x00400000,
  PRE_AUTHENT: 0x00200000,
  OK_AS_DELEGATE: 0x00040000,
  /** RFC 6806 section 11: the KDC protects the reply's padata. */
  ENC_PA_REP: 0x00010000,
} as const;

export const KDC_OPTION = {
  FORWARDABLE: 0x40000000,
  FORWARDED: 0x20000000,
  PROXIABLE: 0x10000000,
  PROXY: 0x08000000,
  ALLOW_POSTDATE: 0x04000000,
  POSTDATED: 0x02000000,
  RENEWABLE: 0x00800000,
  /** [MS-SFU] 2.2.3: constrained delegation, S4U2proxy. */
  CNAME_IN_ADDL_TKT: 0x00020000,
  CANONICALIZE: 0x00010000,
  RENEWABLE_OK: 0x00000010,
  ENC_TKT_IN_SKEY: 0x00000008,
  RENEW: 0x00000002,
  VALIDATE: 0x00000001,
} as const;
