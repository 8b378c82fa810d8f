/** Numbers of [MS-DRSR] that the client uses, once. */

/** Operation numbers (4.1). */
export const OPNUM = { BIND: 0, UNBIND: 1, GET_NC_CHANGES: 3 } as const;

/** DRS_EXTENSIONS dwFlags (5.39). */
export const DRS_EXTENSION = {
  BASE: 0x00000001,
  STRONG_ENCRYPTION: 0x00008000,
  GETCHGREQ_V6: 0x00040000,
  GETCHGREQ_V8: 0x01000000,
  GETCHGREPLY_V6: 0x04000000,
} as const;

/** DRS_OPTIONS (5.41). */
export const DRS_OPTION = { WRITABLE_REPLICA: 0x10, INIT_SYNC: 0x20 } as const;

/** EXOP_REQ codes (4.1.10.2.18) and EXOP_ERR codes (4.1.10.2.20). */
export const EXOP = { REPLICATE_OBJECT: 6 } as const;
export const EXOP_SUCCESS = 1;

/** Attributes by their OID (MS-ADA3). */
export const ATTRIBUTE = {
  UNICODE_PWD: '1.2.840.113556.1.4.90',
  SUPPLEMENTAL_CREDENTIALS: '1.2.840.113556.1.4.125',
  SECONDARY_KRBTGT_NUMBER: '1.2.840.113556.1.4.1929',
} as const;

/** Bytes of a context handle (C706 DCE 1.1). */
export const HANDLE_LENGTH = 20;

/** NTDSAPI_CLIENT_GUID: what a client that is no domain controller calls itself (5.138). */
export const CLIENT_GUID = 'e24d201a-4fd6-11d1-a3da-0000f875ae0d';
