import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

/** Whether the process that owns a temporary file still runs. `elsewhere`: it cannot be seen from here. */
export type OwnerState = 'alive' | 'gone' | 'elsewhere';

const TOKEN = /^([0-9a-f]{8})-([0-9]+)-([0-9]+)-([0-9]+)-[0-9a-f]{12}$/;

/**
 * A name nobody else uses, that says which process owns it: boot, process-id namespace, process id, its start time,
 * and random digits. So a later process can tell a file left behind by a kill from one being written now.
 */
export function newOwnerToken(): string {
  return `${thisBoot()}-${thisNamespace()}-${process.pid}-${startTicks(process.pid) ?? 0}-${randomBytes(6).toString('hex')}`;
}

/** A name for a file that nobody owns any more, free to be taken over. */
export function newFreeToken(): string {
  return `free-${randomBytes(6).toString('hex')}`;
}

/** `undefined` for a name that was not made here. */
export function ownerState(token: string): OwnerState | undefined {
  if (/^free-[0-9a-f]{12}$/.test(token)) return 'gone';
  const [, boot, namespace, pidText, start] = TOKEN.exec(token) ?? [];
  if (pidText === undefined) return undefined;
  // Process ids mean something only within one boot and one namespace: two containers both have a process 7.
  if (boot !== thisBoot() || namespace !== thisNamespace()) return 'elsewhere';
  const ticks = startTicks(Number(pidText));
  return ticks !== undefined && String(ticks) === start ? 'alive' : 'gone';
}

function thisBoot(): string {
  return (
    readProc(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').replaceAll('-', '').slice(0, 8)) ??
    '0'.repeat(8)
  );
}

function thisNamespace(): string {
  return readProc(() => readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')) ?? '0';
}

/** Field 22 of /proc/PID/stat, counted after the name in brackets, which may hold spaces itself. */
function startTicks(pid: number): number | undefined {
  const stat = readProc(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const ticks = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return ticks === undefined ? undefined : Number(ticks);
}

function readProc(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
