/**
 * The built pages, and the policy under which every page is shown: scripts and styles with the nonce of
 * this answer, nothing from elsewhere, no frame around it.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { TenantError } from '../errors.ts';
import { NONCE_PLACEHOLDER, type WebFile, webFiles } from './built-pages.ts';
import type { Routes } from './fastify.ts';

const files = webFiles();
const YEAR = 'public, max-age=31536000, immutable';

/** Serves each file at its path. Their addresses change with their content, so that they may be kept. */
export function webFileRoutes(app: Routes): void {
  for (const [path, file] of files) {
    if (path === 'index.html') continue;
    app.get(`/${path}`, { schema: {} }, (_request, reply) =>
      reply.header('cache-control', YEAR).type(file.type).send(file.bytes),
    );
  }
}

/** The address of a file, with a part that changes with its content. */
export function webAddress(path: string): string {
  const digest = createHash('sha256').update(built(path).bytes).digest('hex').slice(0, 12);
  return `/${path}?v=${digest}`;
}

/** The application, whose script then finds its page by the address. */
export function sendApplication(reply: FastifyReply): FastifyReply {
  const nonce = freshNonce();
  const text = built('index.html').bytes.toString('utf8').replaceAll(NONCE_PLACEHOLDER, nonce);
  // Styles that the library makes at run time bear the nonce; what scripts load in turn is theirs to answer for.
  return sendPage(reply, text, {
    nonce,
    scripts: `'nonce-${nonce}' 'strict-dynamic'`,
    styles: `'self' 'nonce-${nonce}'`,
  });
}

export interface PageRules {
  nonce: string;
  scripts?: string;
  styles?: string;
  /** Where a form of the page may lead, besides the tenant: an origin, or a scheme with its colon. */
  formTarget?: string | undefined;
}

export const freshNonce = (): string => randomBytes(18).toString('base64url');

export function sendPage(reply: FastifyReply, text: string, rules: PageRules): FastifyReply {
  const { nonce, scripts = `'nonce-${nonce}'`, styles = "'self'", formTarget } = rules;
  return reply
    .headers({
      'content-security-policy': [
        "default-src 'none'",
        `script-src ${scripts}`,
        `style-src ${styles}`,
        "img-src 'self' data:",
        "connect-src 'self'",
        `form-action 'self'${formTarget === undefined ? '' : ` ${formTarget}`}`,
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'publickey-credentials-get=(self), publickey-credentials-create=(self)',
    })
    .type('text/html; charset=utf-8')
    .send(text);
}

function built(path: string): WebFile {
  const file = files.get(path);
  if (file !== undefined) return file;
  throw new TenantError(
    'pages-not-built',
    'The pages of this tenant were not built. Run `npm run build:web`, and start the tenant again.',
    { path },
  );
}
