import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildKubernetes, KUBERNETES_PROGRAMS, type KubernetesProgram } from './build-kubernetes.ts';
import { command } from './command.ts';
import { type DebianProgram, installDebianPrograms, onPath } from './debian.ts';
import { cacheFolder, KUBERNETES_VERSION } from './versions.ts';

/**
 * Finds Kubernetes programs: in the folder `KUBEBUILDER_ASSETS` names, on PATH when of the wanted minor version, or in
 * the cache, where they are built first when missing. Returns the full path of each.
 */
export async function findKubernetesPrograms<P extends KubernetesProgram>(
  programs: readonly P[],
  progress: (line: string) => void,
): Promise<Readonly<Record<P, string>>> {
  const found = new Map<KubernetesProgram, string>();
  for (const program of programs) {
    const path = fromAssets(program) ?? (await fromPath(program));
    if (path !== undefined) found.set(program, path);
  }
  const missing = KUBERNETES_PROGRAMS.filter((program) => wants(programs, program) && !found.has(program));
  const folder = join(cacheFolder(), `kubernetes-${KUBERNETES_VERSION}`);
  if (missing.length > 0) await buildKubernetes(missing, progress);
  return Object.fromEntries(
    programs.map((program) => [program, found.get(program) ?? join(folder, program)]),
  ) as Record<P, string>;
}

/** Finds programs of Debian, installing those that are missing. `etcd` may also come from `KUBEBUILDER_ASSETS`. */
export async function findDebianPrograms<P extends DebianProgram>(
  programs: readonly P[],
  progress: (line: string) => void,
  options: { readonly cniPlugins?: boolean } = {},
): Promise<Readonly<Record<P, string>>> {
  await installDebianPrograms(
    programs.filter((program) => fromAssets(program) === undefined),
    progress,
    options,
  );
  return Object.fromEntries(
    programs.map((program) => {
      const path = fromAssets(program) ?? onPath(program);
      if (path === undefined) throw new Error(`${program} was installed, yet it is not on PATH`);
      return [program, path];
    }),
  ) as Record<P, string>;
}

function wants(programs: readonly KubernetesProgram[], program: KubernetesProgram): boolean {
  return programs.includes(program);
}

function fromAssets(program: string): string | undefined {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  if (folder === undefined || folder === '') return undefined;
  const path = join(folder, program);
  return existsSync(path) ? path : undefined;
}

/** A program on PATH counts when its minor version is the wanted one; another one could fail in ways no test means. */
async function fromPath(program: KubernetesProgram): Promise<string | undefined> {
  const path = onPath(program);
  if (path === undefined) return undefined;
  const minor = KUBERNETES_VERSION.split('.').slice(0, 2).join('.');
  const version = await command(program === 'kubectl' ? [path, 'version', '--client'] : [path, '--version']);
  return version.includes(`v${minor}.`) ? path : undefined;
}
