import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

/** Bundles a program as the image has it: running sources would add the type stripper to its time and memory. */
export async function bundle(
  name: string,
  folder: string,
  entry: Pick<BuildOptions, 'entryPoints' | 'stdin' | 'nodePaths'>,
): Promise<string> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    ...entry,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    // Packages in CommonJS ask for node's own modules this way.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  return outfile;
}

/** The path of a file of this folder. */
export function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
