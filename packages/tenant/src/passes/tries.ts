/** Counting wrong passes: how many are too many, and under what they are counted. */
import { sha256 } from '../digest.ts';

/** For one name within a window. */
export const TRIES_A_NAME = 10;
/** Of one source: it is stopped before it has locked many names. */
export const TRIES_A_SOURCE = 100;
export const WINDOW_SECONDS = 15 * 60;

/** The subject of a user's tries, by id; of a name that nobody has, by the name. Names are of any length: hashed. */
export const triesOf = (userIdOrName: string): string => `name:${sha256(userIdOrName)}`;
