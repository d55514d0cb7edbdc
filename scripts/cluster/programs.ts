import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';
import { type DebianProgram, installDebianPrograms, onPath } from './debian.ts';
import { buildGoPrograms, type GoSource, programFolder } from './go-build.ts';

/**
 * Finds programs of a Go source: in the folder `KUBEBUILDER_ASSETS` names, on PATH when of the wanted minor version, or
 * in the cache, where they are built first when missing. Returns the full path of each.
 */
export async function findGoPrograms<P extends string>(
  source: GoSource<P>,
  programs: readonly P[],
  progress: (line: string) => void,
): Promise<Readonly<Record<P, string>>> {
  const found: Partial<Record<P, string>> = {};
  const missing: P[] = [];
  for (const program of programs) {
    const path = fromAssets(program) ?? (await fromPath(program, source.version));
    if (path === undefined) missing.push(program);
    found[program] = path ?? join(programFolder(source), program);
  }
  await buildGoPrograms(source, missing, progress);
  return found as Record<P, string>;
}

/** Finds programs of Debian, installing those that are missing. */
export async function findDebianPrograms<P extends DebianProgram>(
  programs: readonly P[],
  progress: (line: string) => void,
  options: { readonly cniPlugins?: boolean } = {},
): Promise<Readonly<Record<P, string>>> {
  await installDebianPrograms(programs, progress, options);
  return Object.fromEntries(
    programs.map((program) => {
      const path = onPath(program);
      if (path === undefined) throw new Error(`${program} was installed, yet it is not on PATH`);
      return [program, path];
    }),
  ) as Record<P, string>;
}

function fromAssets(program: string): string | undefined {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  if (folder === undefined || folder === '') return undefined;
  const path = join(folder, program);
  return existsSync(path) ? path : undefined;
}

/** A program on PATH counts when its minor version is the wanted one; another one could fail in ways no test means. */
async function fromPath(program: string, wanted: string): Promise<string | undefined> {
  const path = onPath(program);
  if (path === undefined) return undefined;
  const minor = wanted.split('.').slice(0, 2).join('.').replace('.', '\\.');
  const version = await command(program === 'kubectl' ? [path, 'version', '--client'] : [path, '--version']);
  return new RegExp(`\\bv?${minor}\\.`).test(version) ? path : undefined;
}
