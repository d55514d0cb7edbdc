import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';
import { withLock } from './lock.ts';
import { cacheFolder, KUBERNETES_VERSION } from './versions.ts';

/** The Kubernetes programs the tests use, in the order in which they are built: what is needed most comes first. */
export const KUBERNETES_PROGRAMS = [
  'kube-apiserver',
  'kubectl',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
] as const;
export type KubernetesProgram = (typeof KUBERNETES_PROGRAMS)[number];

/**
 * Builds Kubernetes programs from the published Go module into the cache, each of them once, and returns their folder.
 * The first build takes ten minutes or more on two cores; every later call only looks.
 */
export async function buildKubernetes(
  programs: readonly KubernetesProgram[],
  progress: (line: string) => void,
): Promise<string> {
  const folder = join(cacheFolder(), `kubernetes-${KUBERNETES_VERSION}`);
  const missing = () => programs.filter((program) => !existsSync(join(folder, program)));
  if (missing().length === 0) return folder;
  await withLock(
    `${folder}.lock`,
    (pid) => progress(`waiting for process ${pid}, which is building Kubernetes ${KUBERNETES_VERSION}`),
    async () => {
      if (missing().length === 0) return;
      const module = await prepareModule(folder, progress);
      for (const program of missing()) await buildProgram(module, folder, program, progress);
    },
  );
  return folder;
}

async function buildProgram(
  module: string,
  folder: string,
  program: KubernetesProgram,
  progress: (line: string) => void,
): Promise<void> {
  const started = Date.now();
  progress(`building ${program} ${KUBERNETES_VERSION} from source (once per machine, minutes)`);
  const [major, minor] = KUBERNETES_VERSION.split('.');
  const stamp = [
    `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`,
    `-X k8s.io/component-base/version.gitMajor=${major}`,
    `-X k8s.io/component-base/version.gitMinor=${minor}`,
  ].join(' ');
  const unfinished = join(folder, `.${program}.${process.pid}`);
  await command(['go', 'build', '-o', unfinished, '-ldflags', `-s -w ${stamp}`, `k8s.io/kubernetes/cmd/${program}`], {
    cwd: module,
    env: { GOFLAGS: '-mod=mod -buildvcs=false -p=2' },
    logFile: join(module, 'build.log'),
    background: true,
  });
  // Renamed last, so that a program in the cache is always a complete one.
  renameSync(unfinished, join(folder, program));
  progress(`built ${program} in ${Math.round((Date.now() - started) / 1000)} s`);
}

/**
 * The published module `k8s.io/kubernetes` lacks the staging folders its go.mod points to, so a small module of ours
 * requires it and replaces each of them by the published module of the same release.
 */
async function prepareModule(folder: string, progress: (line: string) => void): Promise<string> {
  const module = join(folder, 'build');
  rmSync(module, { recursive: true, force: true });
  mkdirSync(module, { recursive: true });
  progress(`fetching the sources of Kubernetes ${KUBERNETES_VERSION}`);
  const described = await command(['go', 'mod', 'download', '-json', `k8s.io/kubernetes@v${KUBERNETES_VERSION}`], {
    cwd: module,
    env: { GOFLAGS: '-mod=mod' },
  });
  const { GoMod } = JSON.parse(described) as { GoMod: string };
  writeFileSync(join(module, 'go.mod'), buildModule(readFileSync(GoMod, 'utf8'), KUBERNETES_VERSION));
  return module;
}

/** The go.mod of our build module, made from the go.mod of `k8s.io/kubernetes`. */
export function buildModule(kubernetesGoMod: string, version: string): string {
  const goLine = /^go (\S+)$/m.exec(kubernetesGoMod)?.[1] ?? '1.24.0';
  const staged = [...kubernetesGoMod.matchAll(/^\s*(k8s\.io\/\S+)\s+=>\s+\.\/staging\//gm)].map((match) => match[1]);
  const published = version.replace(/^1\./, '0.');
  return [
    'module kbuild',
    '',
    `go ${goLine}`,
    '',
    `require k8s.io/kubernetes v${version}`,
    '',
    'replace (',
    ...staged.map((name) => `\t${name} => ${name} v${published}`),
    ')',
    '',
  ].join('\n');
}
