/** What can go wrong on the way to the tenant, and an answer that is none. */
import { ADMIN_LOG, AGAIN_OR_REJOIN, type Words } from './words.ts';

export const TENANT = {
  'tenant-unreachable': {
    message: 'The tenant cannot be reached.',
    next: 'Check the network and the address, then try again.',
  },
  'tenant-certificate-untrusted': {
    message: "The tenant's TLS certificate is not trusted here.",
    next: 'Check the address and the clock; name the file of its authority (--ca) if it has one of its own.',
  },
  'tenant-answer-malformed': {
    message: "The tenant's answer makes no sense, and was not used.",
    next: `Try again; if it persists, something stands between this device and the tenant. ${ADMIN_LOG}`,
  },
  'tenant-answer-foreign': {
    message: 'The tenant answered with a session key that was not made for this device.',
    next: AGAIN_OR_REJOIN,
  },
  'tenant-rp-id-foreign': {
    message: 'The tenant asks for keys of a site that its address does not belong to.',
    next: 'Do not go on before your administrator has explained this: someone may be after your key.',
  },
  'tenant-origin-unlisted': {
    message: 'The tenant does not accept sign-ins made for this address.',
    next: 'Join with the address that your administrator gave you, or have this one added to its origins.',
  },
  'tenant-failed': { message: 'The tenant met an error of its own.', next: `Try again. ${ADMIN_LOG}` },
  'tenant-refused': { message: 'The tenant refused the request.', next: ADMIN_LOG },
} as const satisfies Record<string, Words>;
