/** Starts a cluster with one node, says so, and waits to be killed: what a crashing test run does. */
import { startCluster } from './cluster.ts';

const cluster = await startCluster({ nodes: 1 });
console.log(`up ${cluster.id}`);
setInterval(() => undefined, 60_000);
