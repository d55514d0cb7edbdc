const DECIMAL = /^(0|[1-9][0-9]*)$/;

/**
 * Which of two versions of an object is newer: negative when `a` is older, 0 when equal, positive when newer;
 * `undefined` when the server's versions are not the decimal numbers that Kubernetes documents since 1.35 and that
 * every etcd-backed server has always used. They may exceed what a JavaScript number holds exactly.
 */
export function compareResourceVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}
