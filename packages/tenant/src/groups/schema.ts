/** Groups of users, to which policies apply. */
import { z } from 'zod';

export const newGroup = z.strictObject({
  displayName: z
    .string()
    .trim()
    .min(1)
    .max(256)
    .refine((name) => name.toLowerCase() !== 'default', 'is the name of the policy for everyone else'),
});
export type NewGroup = z.input<typeof newGroup>;

/** A group as shown; `createdOn` is ISO 8601 in UTC. */
export interface Group {
  id: string;
  displayName: string;
  members: number;
  createdOn: string;
}
