import { describe, expect, it } from 'vitest';
import { resource } from '../objects/resource.ts';
import { answer, type Behaviour, FakeApiServer, status } from './api-server.fake.ts';
import { readChangeWrite } from './conflict-retry.ts';
import { KubeClient } from './kube-client.ts';

const things = resource('v1', 'Thing', 'things', 'cluster');
const signal = AbortSignal.timeout(15_000);
const thing = (resourceVersion: string) => answer(200, { metadata: { name: 'a', resourceVersion }, n: 1 });
const conflict = status(409, 'Conflict');

/** Changes thing `a` against these behaviours. */
async function change(behaviours: readonly Behaviour[]) {
  await using fake = await FakeApiServer.start();
  fake.next(...behaviours);
  const client = new KubeClient({ connection: fake.connection });
  try {
    const result = await readChangeWrite(client, things, { name: 'a' }, (each) => ({ ...each, n: 2 }), { signal });
    return {
      result,
      bodies: fake.received.map(({ body }) => (body === '' ? undefined : (JSON.parse(body) as object))),
    };
  } finally {
    await client.close();
  }
}

describe('readChangeWrite', () => {
  it('begins anew from a new reading when somebody else was faster', async () => {
    const { bodies } = await change([thing('1'), conflict, thing('2'), thing('3')]);

    expect(bodies).toMatchObject([
      undefined,
      { metadata: { resourceVersion: '1' }, n: 2 },
      undefined,
      { metadata: { resourceVersion: '2' }, n: 2 },
    ]);
  });

  it('gives up after five conflicts, and at once after anything else', async () => {
    const five = Array.from({ length: 5 }, () => [thing('1'), conflict]).flat();

    await expect(change(five)).rejects.toMatchObject({ reason: 'Conflict' });
    await expect(change([thing('1'), status(422, 'Invalid')])).rejects.toMatchObject({ reason: 'Invalid' });
  });
});
