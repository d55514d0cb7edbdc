import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';
import { onPath } from './debian.ts';
import { withLock } from './lock.ts';
import { cacheFolder } from './versions.ts';

/** Programs that are built from one published Go module. */
export interface GoSource<P extends string> {
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** Each program with its package, as a path below the module. */
  readonly programs: Readonly<Record<P, string>>;
  /** Go variables set while linking, as the version a program reports. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Where the programs of a source are once built, keyed by version. */
export function programFolder(source: GoSource<string>): string {
  return join(cacheFolder(), `${source.name}-${source.version}`);
}

/**
 * Builds programs into the cache, each of them once. The first build takes minutes on two cores; every later call
 * only looks. Two processes that want the same program do not both build it.
 */
export async function buildGoPrograms<P extends string>(
  source: GoSource<P>,
  programs: readonly P[],
  progress: (line: string) => void,
): Promise<void> {
  const folder = programFolder(source);
  const missing = () => programs.filter((program) => !existsSync(join(folder, program)));
  if (missing().length === 0) return;
  const title = `${source.name} ${source.version}`;
  await withLock(
    `${folder}.lock`,
    (pid) => progress(`waiting for process ${pid}, which is building ${title}`),
    async () => {
      if (missing().length === 0) return;
      if (onPath('go') === undefined) {
        throw new Error(`building ${title} needs Go 1.24 or newer on PATH, or the programs in KUBEBUILDER_ASSETS`);
      }
      progress(`fetching the sources of ${title}`);
      const workspace = await prepareModule(source, folder);
      for (const program of missing()) {
        const started = Date.now();
        progress(`building ${program} ${source.version} from source (once per machine, minutes)`);
        await buildProgram(source, workspace, folder, program);
        progress(`built ${program} in ${Math.round((Date.now() - started) / 1000)} s`);
      }
    },
  );
}

async function buildProgram<P extends string>(
  source: GoSource<P>,
  workspace: string,
  folder: string,
  program: P,
): Promise<void> {
  const stamp = Object.entries(source.variables).map(([name, value]) => `-X ${name}=${value}`);
  const unfinished = join(folder, `.${program}.${process.pid}`);
  const path = source.programs[program];
  const argv = ['go', 'build', '-o', unfinished, '-ldflags', ['-s', '-w', ...stamp].join(' ')];
  await command([...argv, path === '' ? source.module : `${source.module}/${path}`], {
    cwd: workspace,
    env: { GOFLAGS: '-mod=mod -buildvcs=false -p=2' },
    logFile: join(workspace, 'build.log'),
    background: true,
  });
  // Renamed last, so that a program in the cache is always a complete one.
  renameSync(unfinished, join(folder, program));
}

async function prepareModule(source: GoSource<string>, folder: string): Promise<string> {
  const workspace = join(folder, 'build');
  rmSync(workspace, { recursive: true, force: true });
  mkdirSync(workspace, { recursive: true });
  const argv = ['go', 'mod', 'download', '-json', `${source.module}@v${source.version}`];
  const described = await command(argv, { cwd: workspace, env: { GOFLAGS: '-mod=mod' } });
  const { GoMod } = JSON.parse(described) as { GoMod: string };
  writeFileSync(join(workspace, 'go.mod'), workspaceModule(readFileSync(GoMod, 'utf8'), source));
  return workspace;
}

/**
 * The go.mod of a module of ours that does nothing but require the published one. The one of Kubernetes points to
 * staging folders it was published without; each is replaced by the module of the same release.
 */
export function workspaceModule(published: string, source: Pick<GoSource<string>, 'module' | 'version'>): string {
  const goLine = /^go (\S+)$/m.exec(published)?.[1] ?? '1.24.0';
  const staged = [...published.matchAll(/^\s*(?:replace\s+)?(k8s\.io\/\S+)\s+=>\s+\.\/staging\//gm)];
  const release = source.version.replace(/^1\./, '0.');
  const replacements = staged.map(([, name]) => `replace ${name} => ${name} v${release}`);
  return ['module workspace', `go ${goLine}`, `require ${source.module} v${source.version}`, ...replacements, ''].join(
    '\n\n',
  );
}
