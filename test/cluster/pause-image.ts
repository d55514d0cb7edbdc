import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../../scripts/cluster/command.ts';
import { cacheFolder } from '../../scripts/cluster/versions.ts';
import { writeImageArchive } from './image-archive.ts';

/** The image every pod's sandbox runs. It also serves as a container that does nothing until it is told to end. */
export const PAUSE_IMAGE = 'flexinfer.test/pause:1';

const SOURCE = `
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

/** The path of the image's archive; compiled and packed once, then kept in the cache. */
export async function pauseImageArchive(): Promise<string> {
  const folder = join(cacheFolder(), 'images');
  const path = join(folder, 'pause-1.tar');
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const workspace = mkdtempSync(join(tmpdir(), 'flexinfer-pause-'));
  try {
    writeFileSync(join(workspace, 'pause.c'), SOURCE);
    await command(['gcc', '-static', '-Os', '-s', '-o', 'pause', 'pause.c'], { cwd: workspace });
    const content = readFileSync(join(workspace, 'pause'));
    writeImageArchive(path, {
      name: PAUSE_IMAGE,
      files: [{ path: 'pause', mode: 0o755, content }],
      entrypoint: ['/pause'],
      user: '65532:65532',
    });
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
  return path;
}
