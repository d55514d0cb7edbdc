/** `npm run build`: one file for each program, in `dist/`, for the package and the image. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Every program, with the file it starts from; those that do not exist yet are left out. */
const PROGRAMS: Readonly<Record<string, string>> = {
  flexinfer: 'src/cli/main.ts',
  'flexinfer-agent': 'src/agent/main.ts',
  'flexinfer-bench': 'src/bench/main.ts',
  'flexinfer-manager': 'src/manager/main.ts',
  'flexinfer-sched': 'src/sched/main.ts',
  'embedded/server/main': 'src/backends/embedded/server/main.ts',
};

rmSync(dist, { recursive: true, force: true });
const entryPoints = Object.entries(PROGRAMS)
  .filter(([, source]) => existsSync(join(root, source)))
  .map(([out, source]) => ({ in: source, out }));
const result = await build({
  absWorkingDir: root,
  entryPoints,
  outdir: dist,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  legalComments: 'none',
  metafile: true,
  // Installed on first need into the user's cache, never bundled.
  external: ['node-llama-cpp'],
  // Packages that are not modules yet call require.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
});

const embedded = join(root, 'src/backends/embedded/linux-x64');
if (existsSync(embedded)) cpSync(embedded, join(dist, 'embedded/linux-x64'), { recursive: true });
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
mkdirSync(dist, { recursive: true });
writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name: 'flexinfer', version, type: 'module' })}\n`);
writeFileSync(join(dist, 'LICENSES'), licenses(Object.keys(result.metafile.inputs)));
for (const { out } of entryPoints) console.log(`dist/${out}.js`);

/** The licenses of the packages whose code is in the bundles. */
function licenses(inputs: readonly string[]): string {
  const packages = inputs.flatMap((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []);
  return [...new Set(packages)]
    .toSorted()
    .map((name) => {
      const folder = join(root, 'node_modules', name);
      const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
      const text = file === undefined ? 'see package.json' : readFileSync(join(folder, file), 'utf8');
      return `${name}\n\n${text.trim()}\n\n`;
    })
    .join(`${'-'.repeat(80)}\n`);
}
