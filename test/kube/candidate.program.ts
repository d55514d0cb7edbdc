/**
 * A candidate for a Lease, in a process of its own so that it can be killed and stopped: `KUBECONFIG IDENTITY`. While
 * it leads it writes to the ConfigMap `guarded` as fast as it can, always adding to the history in it. Prints one JSON
 * line per event. Exits with 3 when leadership is lost.
 */
import { clusterConnection } from '../../src/kube/config/cluster-config.ts';
import { Fence } from '../../src/kube/leader/fence.ts';
import { LeaderElector } from '../../src/kube/leader/leader-elector.ts';
import { type Leadership, LeadershipLostError } from '../../src/kube/leader/leadership.ts';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { isConflict, KubeError } from '../../src/kube/rest/kube-error.ts';
import { CANDIDATE_TIMES, GUARDED, LEASE, TERM_ANNOTATION, withWrite } from './candidates.ts';

const [kubeconfig, identity] = process.argv.slice(2);
if (kubeconfig === undefined || identity === undefined) throw new Error('usage: KUBECONFIG IDENTITY');
const say = (event: string, more: object = {}) => console.log(JSON.stringify({ event, identity, ...more }));

const client = new KubeClient({ connection: await clusterConnection({ path: kubeconfig }), rateLimit: false });
const elector = new LeaderElector({ client, identity, lease: LEASE, ...CANDIDATE_TIMES });
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort(new Error('SIGTERM')));

async function lead(leadership: Leadership): Promise<void> {
  say('leads', { transitions: leadership.transitions });
  const fence = new Fence(TERM_ANNOTATION, leadership);
  while (!leadership.signal.aborted) {
    try {
      await writeOnce(fence, leadership);
    } catch (error) {
      if (leadership.signal.aborted || error instanceof LeadershipLostError) return;
      if (isConflict(error)) say('refused');
      else if (!(error instanceof KubeError)) throw error;
    }
  }
}

async function writeOnce(fence: Fence, { signal, transitions }: Leadership): Promise<void> {
  const current = await client.get(builtin.configMaps, GUARDED, { signal, timeoutMs: 2_000 });
  const metadata = fence.guard(current);
  // Where a process is most dangerous to stop: it has made sure that it leads, and has not written yet.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  const data = withWrite(current.data, identity ?? '', transitions);
  await client.mergePatch(builtin.configMaps, GUARDED, { metadata, data }, { signal, timeoutMs: 2_000 });
}

try {
  await elector.run(lead, stop.signal);
  say('ended');
} catch (error) {
  if (!(error instanceof LeadershipLostError)) throw error;
  say('lost', { why: error.message });
  process.exitCode = 3;
}
await client.close();
