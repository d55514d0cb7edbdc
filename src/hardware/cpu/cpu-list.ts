/**
 * Counts the CPUs in the kernel's list form, `0-3,8,10-11`.
 *
 * @returns `undefined` for anything that is not such a list. Ranges with a stride (`0-31:2/4`) are not used in the
 *   files read here and are refused.
 */
export function countCpuList(text: string): number | undefined {
  let count = 0;
  for (const part of text.trim().split(',')) {
    const match = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(part);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first) return undefined;
    count += last - first + 1;
  }
  return count;
}

/** CPUs that the scheduler may run this process on: `Cpus_allowed_list` of `/proc/self/status`. */
export function parseAffinity(statusText: string): number | undefined {
  const line = /^Cpus_allowed_list:\s*(\S+)\s*$/m.exec(statusText);
  return line?.[1] === undefined ? undefined : countCpuList(line[1]);
}
