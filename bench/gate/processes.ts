import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What a process has used so far. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssMiB: number;
}

/** A child program of this benchmark that listens on a port. It ends with this process, however that ends. */
export interface Program {
  readonly port: number;
  readonly usage: () => Promise<Usage>;
  readonly stop: () => void;
}

/** Bundles a program of this folder as the image has it: running the sources would add the compiler to its memory. */
export async function bundle(file: string, folder: string): Promise<string> {
  const outfile = join(folder, file.replace(/\.ts$/, '.mjs'));
  await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
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

/** @param execArgv options of Node itself */
export async function start(
  file: string,
  args: readonly string[] = [],
  execArgv: readonly string[] = [],
): Promise<Program> {
  const child = fork(file, args, { execArgv: [...execArgv] });
  const { port } = await message<{ port: number }>(child);
  return {
    port,
    usage: () => {
      const answer = message<Usage>(child);
      child.send('usage');
      return answer;
    },
    stop: () => child.disconnect(),
  };
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onMessage = (value: unknown) => {
      child.off('exit', onExit);
      resolve(value as T);
    };
    const onExit = (code: number | null) => {
      child.off('message', onMessage);
      reject(new Error(`${child.spawnfile} ended with ${code}`));
    };
    child.once('message', onMessage);
    child.once('exit', onExit);
  });
}
