export interface MemInfo {
  readonly totalKiB?: number;
  readonly availableKiB?: number;
}

/**
 * `MemTotal` and `MemAvailable` of `/proc/meminfo`. Kernels before 3.14 have no `MemAvailable`; free memory plus page
 * cache stands in for it there, as the kernel's own documentation of the field suggests.
 */
export function parseMemInfo(text: string): MemInfo {
  const fields = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z_()0-9]+):\s+(\d{1,15}) kB\s*$/.exec(line);
    if (match?.[1] !== undefined && !fields.has(match[1])) fields.set(match[1], Number(match[2]));
  }
  const total = fields.get('MemTotal');
  const free = fields.get('MemFree');
  const available =
    fields.get('MemAvailable') ??
    (free === undefined ? undefined : free + (fields.get('Buffers') ?? 0) + (fields.get('Cached') ?? 0));
  return {
    ...(total === undefined || total === 0 ? {} : { totalKiB: total }),
    ...(available === undefined ? {} : { availableKiB: available }),
  };
}
