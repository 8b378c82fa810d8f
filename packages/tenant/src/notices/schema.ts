/** Mail: where it is sent through (`mail` of config.json). */
import { z } from 'zod';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

export const mailConfig = z
  .strictObject({
    host: z.string().min(1).max(253),
    port: z.int().min(1).max(65_535),
    /** `starttls` is asked for and required; `tls` from the first byte; `none` on this machine only. */
    security: z.enum(['starttls', 'tls', 'none']),
    /** A PEM file of the authority that vouches for the server, where the system's do not. */
    caFile: z.string().min(1).optional(),
    username: z.string().min(1).max(256).optional(),
    /** Its first line is the password. */
    passwordFile: z.string().min(1).optional(),
    /** Who the notices are from: `kennel@example.com`, or `Example Ltd <kennel@example.com>`. */
    from: z
      .string()
      .min(3)
      .max(320)
      .regex(/^[^\r\n]+@[^\r\n]+$/, 'must be an address'),
  })
  .refine(({ security, host }) => security !== 'none' || LOOPBACK.includes(host), {
    message: 'may be none for this machine only: mail is private',
    path: ['security'],
  })
  .refine(({ username, passwordFile }) => (username === undefined) === (passwordFile === undefined), {
    message: 'and passwordFile belong together',
    path: ['username'],
  });
export type MailConfig = z.output<typeof mailConfig>;
