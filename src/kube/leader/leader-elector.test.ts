import { describe, expect, it } from 'vitest';
import { FakeApiServer } from '../rest/api-server.fake.ts';
import { KubeClient } from '../rest/kube-client.ts';
import { LeaderElector } from './leader-elector.ts';

describe('LeaderElector', () => {
  it('refuses times with which two could lead at once', async () => {
    await using fake = await FakeApiServer.start();
    const client = new KubeClient({ connection: fake.connection });
    const options = { client, identity: 'a', lease: { namespace: 'n', name: 'l' } };

    for (const times of [
      { leaseDurationMs: 10_000, renewDeadlineMs: 10_000 },
      { renewDeadlineMs: 2_400, retryPeriodMs: 2_000 },
      { retryPeriodMs: 0 },
      { leaseDurationMs: Number.NaN },
    ]) {
      expect(() => new LeaderElector({ ...options, ...times })).toThrow(RangeError);
    }
    await client.close();
  });
});
