import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../../scripts/cluster/command.ts';
import { installDebianPrograms, onPath } from '../../scripts/cluster/debian.ts';
import { cacheFolder } from '../../scripts/cluster/versions.ts';
import { llamaServer } from '../../scripts/engines/llama-server.ts';
import { ollama } from '../../scripts/engines/ollama.ts';
import { type ImagePlan, writeImageArchive } from '../../scripts/image/image-archive.ts';
import { runtimeFiles } from '../../scripts/image/rootfs.ts';

/** The image every pod's sandbox runs. It also serves as a container that does nothing until it is told to end. */
export const PAUSE_IMAGE = 'flexinfer.test/pause:1';

/** A shell, a web server (`httpd`), a web client (`wget`, whose -T crashes) and the usual small tools. */
export const BUSYBOX_IMAGE = 'flexinfer.test/busybox:1';

/** llama.cpp's server, to be given a model. */
export const LLAMA_SERVER_IMAGE = 'flexinfer.test/llama.cpp:server';

/** Ollama for the CPU, without a model. It keeps models and its key below `/tmp`, where a volume belongs. */
export const OLLAMA_IMAGE = 'flexinfer.test/ollama:cpu';

const PAUSE_SOURCE = `
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int signal) { (void)signal; _exit(0); }
static void reap(int signal) { (void)signal; while (waitpid(-1, NULL, WNOHANG) > 0) {} }

int main(void) {
  struct sigaction on_end = { .sa_handler = end }, on_child = { .sa_handler = reap, .sa_flags = SA_NOCLDSTOP };
  sigaction(SIGTERM, &on_end, NULL);
  sigaction(SIGINT, &on_end, NULL);
  sigaction(SIGCHLD, &on_child, NULL);
  for (;;) pause();
}
`;

/** The path of the archive of `PAUSE_IMAGE`; compiled and packed once, then kept in the cache. */
export async function pauseImageArchive(): Promise<string> {
  return cached('pause-1.tar', async () => {
    const workspace = mkdtempSync(join(tmpdir(), 'flexinfer-pause-'));
    try {
      writeFileSync(join(workspace, 'pause.c'), PAUSE_SOURCE);
      await command(['gcc', '-static', '-Os', '-s', '-o', 'pause', 'pause.c'], { cwd: workspace });
      const content = readFileSync(join(workspace, 'pause'));
      const files = [{ path: 'pause', mode: 0o755, content }];
      return { name: PAUSE_IMAGE, layers: [files], entrypoint: ['/pause'], user: '65532:65532' };
    } finally {
      rmSync(workspace, { recursive: true, force: true });
    }
  });
}

/** The path of the archive of `BUSYBOX_IMAGE`, made from Debian's static busybox and kept in the cache. */
export async function busyboxImageArchive(): Promise<string> {
  return cached('busybox-1.tar', async () => {
    await installDebianPrograms(['busybox'], () => undefined);
    const program = onPath('busybox');
    if (program === undefined) throw new Error('busybox was installed, yet it is not on PATH');
    const tools = (await command([program, '--list'])).trim().split('\n');
    return {
      name: BUSYBOX_IMAGE,
      layers: [
        [
          { path: 'tmp/', folderMode: 0o1777 },
          { path: 'bin/busybox', mode: 0o755, content: readFileSync(program) },
          ...tools.filter((tool) => tool !== 'busybox').map((tool) => ({ path: `bin/${tool}`, linkTo: 'busybox' })),
        ],
      ],
      entrypoint: ['/bin/sh', '-c'],
      user: '65532:65532',
      env: { PATH: '/bin' },
    };
  });
}

/** The path of the archive of `LLAMA_SERVER_IMAGE`: llama.cpp's own server, for the CPU, without a model. */
export async function llamaServerImageArchive(progress: (line: string) => void): Promise<string> {
  const program = await llamaServer(progress);
  return engineImageArchive('llama-server', program, { name: LLAMA_SERVER_IMAGE });
}

/** The path of the archive of `OLLAMA_IMAGE`, which serves on port 11434 of every address. */
export async function ollamaImageArchive(progress: (line: string) => void): Promise<string> {
  const program = await ollama(progress);
  return engineImageArchive('ollama', program, {
    name: OLLAMA_IMAGE,
    args: ['serve'],
    env: { OLLAMA_HOST: '0.0.0.0:11434' },
  });
}

interface EngineImage {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One program and its libraries. Kept in the cache by what the program is, since a user may bring another one. */
async function engineImageArchive(file: string, program: string, image: EngineImage): Promise<string> {
  const content = readFileSync(program);
  const digest = createHash('sha256').update(content).digest('hex').slice(0, 12);
  return cached(`${file}-${digest}.tar`, async () => ({
    name: image.name,
    layers: [await runtimeFiles([program]), [{ path: `app/${file}`, mode: 0o755, content }]],
    entrypoint: [`/app/${file}`, ...(image.args ?? [])],
    user: '65532:65532',
    env: { HOME: '/tmp', ...image.env },
  }));
}

async function cached(file: string, plan: () => Promise<ImagePlan>): Promise<string> {
  const folder = join(cacheFolder(), 'images');
  const path = join(folder, file);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  writeImageArchive(path, await plan());
  return path;
}
