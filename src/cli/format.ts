/** Numbers as people read them. Unknown stays visibly unknown. */

export function formatMiB(mib: number | undefined): string {
  if (mib === undefined) return '-';
  return mib < 1024 ? `${Math.round(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return '-';
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 2 ** 20) return `${Math.round(bytes / 1024)} KiB`;
  return formatMiB(bytes / 2 ** 20);
}

/** 134515008 -> `135M`. */
export function formatCount(count: number | undefined): string {
  if (count === undefined) return '-';
  const [divisor, unit] = count >= 1e12 ? [1e12, 'T'] : count >= 1e9 ? [1e9, 'B'] : count >= 1e6 ? [1e6, 'M'] : [1, ''];
  const value = count / divisor;
  return `${value >= 100 || unit === '' ? Math.round(value) : Number(value.toFixed(1))}${unit}`;
}

/** Three significant digits: 46.3, 4.71, 1240. */
export function formatRate(tokensPerSecond: number | undefined): string {
  if (tokensPerSecond === undefined) return '-';
  if (tokensPerSecond >= 100) return String(Math.round(tokensPerSecond));
  return tokensPerSecond.toFixed(tokensPerSecond >= 10 ? 1 : 2);
}

/** Age as kubectl writes it: 12s, 5m, 3h, 8d. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** `12 MiB of 94 MiB`; nothing before anything is done. */
export function formatDone(doneBytes: number, totalBytes: number | undefined): string {
  if (doneBytes === 0) return '';
  return totalBytes === undefined ? formatBytes(doneBytes) : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
}
