/** The script of the sign-in page. */
export {};
