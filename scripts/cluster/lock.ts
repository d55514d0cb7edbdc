import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Runs `work` while holding the lock folder `path`, so that two builds (or two clusters) never do the same thing at
 * once. A lock whose owner is gone is taken over.
 *
 * @param onWait told once, with the owner's process id, when another live process holds the lock.
 */
export async function withLock<T>(path: string, onWait: (pid: number) => void, work: () => Promise<T>): Promise<T> {
  await acquire(path, onWait);
  try {
    return await work();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

async function acquire(path: string, onWait: (pid: number) => void): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  let ownerless = 0;
  for (;;) {
    try {
      mkdirSync(path);
      writeFileSync(join(path, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    const owner = ownerOf(path);
    // Between mkdir and the write of its pid an owner is unknown for a moment; longer than that and it died there.
    ownerless = owner === undefined ? ownerless + 1 : 0;
    const abandoned = owner === undefined ? ownerless > 20 : !isAlive(owner);
    if (abandoned) {
      removeStale(path, owner);
      ownerless = 0;
    } else if (owner !== undefined && !told) {
      told = true;
      onWait(owner);
    }
    await delay(200);
  }
}

/**
 * Two that wait may find the same dead owner. Only the one that makes the guard folder removes the lock, after a second
 * look: otherwise the slower one would remove the lock the faster one has just taken.
 */
function removeStale(path: string, dead: number | undefined): void {
  const guard = `${path}.takeover`;
  try {
    mkdirSync(guard);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    // Held for microseconds; one that is old belongs to a process that died inside.
    const age = Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 10_000) rmSync(guard, { recursive: true, force: true });
    return;
  }
  try {
    if (ownerOf(path) === dead) rmSync(path, { recursive: true, force: true });
  } finally {
    rmSync(guard, { recursive: true, force: true });
  }
}

function ownerOf(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(path, 'pid'), 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether a process with this id exists, zombies included. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

/** Whether `error` is a system error with this code, as `ENOENT`. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
