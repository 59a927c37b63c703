import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** `npm run build` through scripts/build-playground.mjs; needs no network. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Nothing of the machine's environment goes into the page.
  envDir: false,
  publicDir: false,
  build: {
    outDir: fileURLToPath(new URL('../dist/playground', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // The page's content security policy allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
  },
});
