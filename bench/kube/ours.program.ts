/** Reads one namespace again and again with our client: `KUBECONFIG COUNT`. Prints its cost as JSON. */
import { clusterConnection } from '../../src/kube/config/cluster-config.ts';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { costOfRequests } from './measured.ts';

const [kubeconfig, count] = process.argv.slice(2);
const client = new KubeClient({ connection: await clusterConnection({ path: kubeconfig }), rateLimit: false });
const { signal } = new AbortController();
const cost = await costOfRequests(Number(count), () => client.get(builtin.namespaces, { name: 'default' }, { signal }));
console.log(JSON.stringify(cost));
await client.close();
