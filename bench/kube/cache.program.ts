/** Caches all nodes and pods of a server: `URL list|watch-list`. Prints what that costs as JSON. */
import { fixedCredentials } from '../../src/kube/config/cluster-connection.ts';
import { Informer } from '../../src/kube/informer/informer.ts';
import { sharingTexts, withoutManagedFields, withoutNodeImages } from '../../src/kube/informer/transforms.ts';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import type { KubeObject } from '../../src/kube/objects/object.ts';
import { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { heapMB } from './measured.ts';

const [server = '', mode] = process.argv.slice(2);
const connection = {
  source: 'the benchmark',
  server: new URL(server),
  namespace: 'default',
  certificateAuthority: async () => undefined,
  credentials: fixedCredentials({}),
};
const client = new KubeClient({ connection });
const share = sharingTexts<KubeObject>();
const options = {
  watchList: mode === 'watch-list',
  transform: (object: KubeObject) => share(withoutNodeImages(withoutManagedFields(object))),
};
const nodes = new Informer(client, builtin.nodes, options);
const pods = new Informer(client, builtin.pods, {
  ...options,
  indexes: {
    node: ({ spec }) => [typeof spec === 'object' && spec !== null && 'nodeName' in spec ? String(spec.nodeName) : ''],
  },
});
const before = heapMB();
const stop = new AbortController();
const cpu = process.cpuUsage();
let peakMiB = 0;
const watching = setInterval(() => {
  peakMiB = Math.max(peakMiB, process.memoryUsage.rss() / 2 ** 20);
}, 20);
const running = [nodes.run(stop.signal), pods.run(stop.signal)];
await Promise.all([nodes.waitForSync(stop.signal), pods.waitForSync(stop.signal)]);
const { user, system } = process.cpuUsage(cpu);
clearInterval(watching);
console.log(
  JSON.stringify({
    objects: nodes.snapshot().size + pods.snapshot().size,
    heapMB: heapMB() - before,
    cpuSeconds: (user + system) / 1e6,
    peakRssMiB: peakMiB,
    podsOfOneNode: pods.snapshot().byIndex('node', 'node-0').length,
  }),
);
stop.abort();
await Promise.all(running);
await client.close();
