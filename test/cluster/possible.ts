import { cacheFolder } from '../../scripts/cluster/versions.ts';

/** Why real nodes cannot run on this machine; `undefined` when they can, as far as that can be told beforehand. */
export function whyNoNodes(): string | undefined {
  if (process.platform !== 'linux') return 'real nodes run on Linux only: use nodes: 0 and fake nodes';
  if (process.getuid?.() !== 0) return 'real nodes need root, for namespaces and control groups: use nodes: 0';
  if (/^\/(run|var)\//.test(cacheFolder())) {
    return `a real node, which has a /run and /var of its own, cannot see ${cacheFolder()}: set FLEXINFER_CACHE to a folder elsewhere`;
  }
  return undefined;
}

/**
 * For `describe.skipIf`: whether tests with real nodes are to be skipped here. Says so where it cannot be overlooked; in
 * CI nothing is skipped.
 */
export function skipWithoutNodes(): boolean {
  const inCi = process.env['CI'] !== undefined && process.env['CI'] !== '';
  const obstacle = whyNoNodes();
  if (obstacle === undefined || inCi) return false;
  console.error(`\n*** SKIPPED: ${obstacle}\n`);
  return true;
}
