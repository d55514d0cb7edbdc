import { homedir } from 'node:os';
import { join } from 'node:path';

/** Kubernetes under the tests. Another version can be tried by hand: `FLEXINFER_KUBERNETES_VERSION=1.33.6`. */
export const KUBERNETES_VERSION = process.env['FLEXINFER_KUBERNETES_VERSION'] ?? '1.34.3';

export const ETCD_VERSION = '3.6.16';

export const KWOK_VERSION = '0.7.0';

export const COREDNS_VERSION = '1.14.7';

/** Where things that take long to make are kept between runs: one folder per program and version. */
export function cacheFolder(): string {
  return process.env['FLEXINFER_CACHE'] || join(homedir(), '.cache', 'flexinfer');
}
