import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Informer } from '../../src/kube/informer/informer.ts';
import { type Lease, leases } from '../../src/kube/leader/lease.ts';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import type { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { CANDIDATE_TIMES, Candidate, GUARDED, historyOf, LEASE, TERM_ANNOTATION } from './candidates.ts';
import { configMap, connect } from './connect.ts';

let plane: ControlPlane;
let client: KubeClient;
const signal = AbortSignal.timeout(900_000);
const candidates: Candidate[] = [];
/** Revisions of the store at which the Lease went to a new term, and at which the guarded object was written in one. */
const termBegan = new Map<number, bigint>();
const writes: { readonly term: number; readonly revision: bigint }[] = [];
const stopWatching = new AbortController();
const watching: Promise<void>[] = [];

beforeAll(async () => {
  plane = await startControlPlane();
  client = await connect(plane);
  await client.create(builtin.configMaps, configMap(GUARDED.namespace, GUARDED.name), { signal });
  const lease = new Informer(client, leases, { namespace: LEASE.namespace });
  const note = (each: Lease) => {
    const term = each.spec?.leaseTransitions ?? 0;
    if (!termBegan.has(term)) termBegan.set(term, BigInt(each.metadata.resourceVersion));
  };
  lease.addHandler({ added: note, changed: note });
  const guarded = new Informer(client, builtin.configMaps, { namespace: GUARDED.namespace });
  guarded.addHandler({
    changed: ({ metadata }) => {
      const term = metadata.annotations?.[TERM_ANNOTATION];
      if (term !== undefined) writes.push({ term: Number(term), revision: BigInt(metadata.resourceVersion) });
    },
  });
  watching.push(lease.run(stopWatching.signal), guarded.run(stopWatching.signal));
  await Promise.all([lease.waitForSync(signal), guarded.waitForSync(signal)]);
});

afterAll(async () => {
  await Promise.all(candidates.map((each) => each[Symbol.asyncDispose]()));
  stopWatching.abort();
  await Promise.all(watching);
  await client?.close();
  await plane?.stop();
});

function enter(identity: string): Candidate {
  const candidate = new Candidate(plane.kubeconfigPath, identity);
  candidates.push(candidate);
  return candidate;
}

const readHistory = async () => historyOf((await client.get(builtin.configMaps, GUARDED, { signal })).data);

/** Waits, as long as a fail-over may take, until `candidate` has written as leader. */
async function expectTakeOver(candidate: Candidate): Promise<void> {
  await waitUntil(
    () => `${candidate.identity} leads; it said ${candidate.events.join(', ')}`,
    async () => ((await readHistory()).at(-1)?.identity === candidate.identity ? true : undefined),
    { timeoutMs: CANDIDATE_TIMES.leaseDurationMs + 5_000, everyMs: 100 },
  );
}

describe('two candidates for one Lease', () => {
  let one: Candidate;
  let two: Candidate;

  it('have one leader, which writes', async () => {
    one = enter('one');
    await expectTakeOver(one);
    two = enter('two');

    await waitUntil('some writes', async () => ((await readHistory())[0]?.writes ?? 0) > 5 || undefined);

    expect(two.events).toEqual([]);
  });

  it('change over when the leader is killed', async () => {
    one.signal('SIGKILL');

    await expectTakeOver(two);
  });

  it('change over when the leader is stopped, and it writes no more when it goes on', async () => {
    const three = enter('three');
    // Stopped in the middle of its work, as often as not between its decision to write and the write.
    two.signal('SIGSTOP');
    await expectTakeOver(three);
    two.signal('SIGCONT');

    expect(await two.exit()).toBe(3);
    expect(two.events).toContain('lost');
    one = three;
  });

  it('find a leader again after an outage of 20 s', async () => {
    two = enter('four');
    await plane.apiServer.stop();
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    expect(await one.exit()).toBe(3);
    await plane.apiServer.start();

    await expectTakeOver(two);
  });

  it('find a leader again after the API server stood still, with requests on their way', async () => {
    one = enter('five');
    plane.apiServer.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    plane.apiServer.signal('SIGCONT');

    expect(await two.exit()).toBe(3);
    await expectTakeOver(one);
  });

  it('hand over without waiting when the leader ends in order', async () => {
    two = enter('six');
    await waitUntil('the leader writes', async () => ((await readHistory()).at(-1)?.writes ?? 0) > 5 || undefined);
    one.signal('SIGTERM');

    await expectTakeOver(two);

    expect(await one.exit()).toBe(0);
    expect(one.events).toContain('ended');
  });

  it('had no write of a deposed leader accepted', async () => {
    const history = await readHistory();

    const terms = history.map((run) => run.term);
    // A leader that returns, or another in the same term, would be one more run.
    expect(terms).toEqual([...new Set(terms)].sort((a, b) => a - b));
    expect(history.map((run) => run.identity)).toEqual(['one', 'two', 'three', 'four', 'five', 'six']);
    // And by the store's own order: none after the Lease had gone to a later term.
    const late = writes.filter(({ term, revision }) =>
      [...termBegan].some(([later, began]) => later > term && revision > began),
    );
    expect(late).toEqual([]);
    expect(termBegan.size).toBeGreaterThan(4);
  });
});
