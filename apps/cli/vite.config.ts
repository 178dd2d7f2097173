import { defineConfig } from 'vite';

/** The command as one file, without anything else of the repository: it starts sooner, and is what `npm pack` packs. */
export default defineConfig({
  build: {
    ssr: 'main.ts',
    outDir: 'dist/package',
    target: 'node20',
    minify: true,
    rolldownOptions: { output: { entryFileNames: 'bay.js' } },
  },
  ssr: { noExternal: true },
});
