/**
 * Builds what browsers are given, into `dist` (`npm ci` runs this): the pages of the application, with hashes in their
 * names, and the script of the sign-in page, one file without a framework.
 */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { build } from 'vite';
import { NONCE_PLACEHOLDER } from './files.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const common = { root: at('.'), configFile: false as const, logLevel: 'warn' as const };

await build({
  ...common,
  plugins: [react()],
  html: { cspNonce: NONCE_PLACEHOLDER },
  build: {
    outDir: at('dist'),
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
    outDir: at('dist'),
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
