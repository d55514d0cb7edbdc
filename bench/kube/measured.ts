import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What one measured program prints. */
export interface RequestCost {
  readonly cpuMicrosPerRequest: number;
  /** Resident memory once the client is imported and has made its first requests. */
  readonly rssMiB: number;
}

/** Runs `request` a few times to warm up and then `count` times one after another. */
export async function costOfRequests(count: number, request: () => Promise<unknown>): Promise<RequestCost> {
  for (let index = 0; index < 20; index += 1) await request();
  const before = process.cpuUsage();
  for (let index = 0; index < count; index += 1) await request();
  const { user, system } = process.cpuUsage(before);
  return { cpuMicrosPerRequest: (user + system) / count, rssMiB: process.memoryUsage.rss() / 2 ** 20 };
}

/** Heap in use after everything that can be collected is gone, in MB. */
export function heapMB(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('the garbage collector cannot be called');
  collect();
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}
