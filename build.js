// Bundles src/ into dist/: few files, so that start-up reads little; split, so that a command loads only what it uses.
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';
import pkg from './package.json' with { type: 'json' };

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Parsing is most of the start-up time; the maps give stack traces their names back (node --enable-source-maps).
  minify: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  define: { AIOPS_VERSION: JSON.stringify(pkg.version) },
  // Bundled CommonJS packages call require() for Node's own modules.
  banner: { js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" },
});
