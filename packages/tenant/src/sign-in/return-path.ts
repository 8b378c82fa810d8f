/** Where a page of the tenant may lead back to: another page of the tenant, and nowhere else. */

/** The pages of the application, with whatever is below them. */
export const APPLICATION_PAGES = ['/security-info', '/accepted-keys', '/admin'] as const;

/** The path that was asked for, where it is a page of the application; else the first of them. */
export function returnPath(asked: string | undefined): string {
  const base = 'https://tenant.invalid';
  const [first] = APPLICATION_PAGES;
  if (asked?.startsWith('/') !== true || !URL.canParse(asked, base)) return first;
  const { origin, pathname, search } = new URL(asked, base);
  const known = APPLICATION_PAGES.some((page) => pathname === page || pathname.startsWith(`${page}/`));
  return origin === base && known ? `${pathname}${search}` : first;
}
