/**
 * Builds what browsers are given, into the tenant's package, which serves it (`npm ci` runs this): the pages of the application, with hashes in their
 * names, and the script of the sign-in page, one file without a framework.
 */
import { fileURLToPath } from 'node:url';
import { NONCE_PLACEHOLDER, PAGES_DIRECTORY } from '@kennel/tenant/pages';
import react from '@vitejs/plugin-react';
import { build } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const common = { root: at('.'), configFile: false as const, logLevel: 'warn' as const };

await build({
  ...common,
  plugins: [react()],
  html: { cspNonce: NONCE_PLACEHOLDER },
  build: {
    outDir: PAGES_DIRECTORY,
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: { input: at('index.html') },
  },
});
await build({
  ...common,
  publicDir: false,
  build: {
    outDir: PAGES_DIRECTORY,
    emptyOutDir: false,
    target: 'es2022',
    lib: {
      entry: at('src/sign-in/main.ts'),
      formats: ['iife'],
      name: 'kennelSignIn',
      fileName: () => 'sign-in.js',
    },
  },
});
