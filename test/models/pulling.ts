import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FakeContent } from '../../src/models/hub/fake-hub.ts';
import { fileDigest } from '../../src/models/store/file-digest.ts';
import type { PullEvent, PullTask } from './pull-program.ts';

const PROGRAM = join(import.meta.dirname, 'pull-program.ts');

/** A pull in another process. */
export interface PullRun {
  readonly child: ChildProcess;
  /** Settles at the first event, or when the process ended without one. */
  readonly started: Promise<void>;
  readonly ended: Promise<{ readonly events: readonly PullEvent[]; readonly signal: NodeJS.Signals | null }>;
}

/** @param wrapper a command that the program is started through. */
export function startPull(task: PullTask, wrapper: readonly string[] = []): PullRun {
  const [command, ...args] = [...wrapper, process.execPath, PROGRAM, JSON.stringify(task)];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const events: PullEvent[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => events.push(JSON.parse(line) as PullEvent));
  const closed = once(child, 'close');
  const ended = closed.then(() => ({ events, signal: child.signalCode }));
  return { child, started: Promise.race([once(lines, 'line'), closed]).then(() => undefined), ended };
}

/** The last event of a pull that nobody killed. */
export async function pull(task: PullTask, wrapper: readonly string[] = []): Promise<PullEvent | undefined> {
  return (await startPull(task, wrapper).ended).events.at(-1);
}

/** A file on disk as content of the fake hub. */
export async function contentOf(path: string, sizeBytes: number): Promise<FakeContent> {
  return {
    sizeBytes,
    sha256: await fileDigest(path),
    stream: (start, end) => createReadStream(path, { start, end: end - 1, highWaterMark: 2 ** 20 }),
  };
}

/** Blobs of a store whose content is not what their name says. */
export async function corruptBlobs(blobs: string): Promise<readonly string[]> {
  const entries = await readdir(blobs, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const digests = await Promise.all(files.map(async (file) => [file, await fileDigest(file)] as const));
  return digests.filter(([file, sha256]) => basename(file) !== sha256).map(([file]) => file);
}
