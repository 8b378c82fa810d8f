/** Times as the store and the answers write them. */
export const iso = (date: Date): string => date.toISOString();

/** `date` and some seconds. */
export const later = (date: Date, seconds: number): Date => new Date(date.getTime() + seconds * 1000);
