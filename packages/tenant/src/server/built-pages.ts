/** The pages as `@kennel/web` builds them into this package, for the server that hands them out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What stands in `index.html` where each answer has its own nonce. */
export const NONCE_PLACEHOLDER = 'KENNEL-CSP-NONCE';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface WebFile {
  type: string;
  bytes: Buffer;
}

/** Where they are built to. */
export const PAGES_DIRECTORY = fileURLToPath(new URL('../../dist/pages', import.meta.url));

/** Every built file by its path (`assets/index-1a2b.js`); empty where nothing was built (`npm run build:web`). */
export function webFiles(): Map<string, WebFile> {
  const files = new Map<string, WebFile>();
  if (!existsSync(PAGES_DIRECTORY)) return files;
  for (const entry of readdirSync(PAGES_DIRECTORY, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(relative(PAGES_DIRECTORY, file).split(sep).join('/'), { type, bytes: readFileSync(file) });
  }
  return files;
}
