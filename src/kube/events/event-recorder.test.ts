import { describe, expect, it } from 'vitest';
import { answer, type Behaviour, FakeApiServer, rawAnswer, status } from '../rest/api-server.fake.ts';
import { KubeClient } from '../rest/kube-client.ts';
import { fastClock } from '../time/fast-clock.fake.ts';
import { EventRecorder } from './event-recorder.ts';

const subject = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u' };

async function withRecorder(
  behaviours: readonly Behaviour[],
  test: (recorder: EventRecorder, fake: FakeApiServer, errors: unknown[]) => Promise<void>,
): Promise<void> {
  await using fake = await FakeApiServer.start();
  fake.next(...behaviours);
  const client = new KubeClient({ connection: fake.connection, clock: fastClock(100), random: () => 0.5 });
  const errors: unknown[] = [];
  const recorder = new EventRecorder({
    client,
    component: 'test',
    instance: 'host',
    onError: (error) => errors.push(error),
  });
  await test(recorder, fake, errors);
  expect(fake.unexpected).toEqual([]);
  recorder.close();
  await client.close();
}

/** Answers a create with what was sent, as the API server does. */
const created: Behaviour = (request, response) => {
  response.writeHead(201).end(request.body);
};
const patched = answer(200, { metadata: { name: 'x' } });
const bodyOf = (fake: FakeApiServer, index: number): unknown => JSON.parse(fake.received[index]?.body ?? '');

describe('EventRecorder', () => {
  it('writes an event once and then only its count', () =>
    withRecorder([created, patched], async (recorder, fake) => {
      recorder.record(subject, 'Warning', 'Failed', 'it failed');
      recorder.record(subject, 'Warning', 'Failed', 'it failed');
      await recorder.flush();

      expect(fake.received.map((each) => each.method)).toEqual(['POST', 'PATCH']);
      expect(fake.received[0]?.path).toBe('/api/v1/namespaces/default/events');
      expect(bodyOf(fake, 0)).toMatchObject({
        involvedObject: subject,
        type: 'Warning',
        reason: 'Failed',
        message: 'it failed',
        count: 1,
        reportingComponent: 'test',
      });
      expect(bodyOf(fake, 1)).toMatchObject({ count: 2, message: 'it failed' });
    }));

  it('begins a new event when the old one is gone', () =>
    withRecorder([created, status(404, 'NotFound'), created], async (recorder, fake) => {
      recorder.record(subject, 'Normal', 'Done', 'x');
      recorder.record(subject, 'Normal', 'Done', 'x');
      await recorder.flush();

      expect(bodyOf(fake, 2)).toMatchObject({ count: 1 });
    }));

  it('tries again while the server is away, and does not insist on what it refuses', () =>
    withRecorder(
      [rawAnswer(500, undefined), created, status(403, 'Forbidden'), created],
      async (recorder, fake, errors) => {
        recorder.record(subject, 'Normal', 'First', 'x');
        recorder.record(subject, 'Normal', 'Second', 'x');
        recorder.record(subject, 'Normal', 'Third', 'x');
        await recorder.flush();

        expect([1, 2, 3].map((index) => bodyOf(fake, index))).toMatchObject([
          { reason: 'First' },
          { reason: 'Second' },
          { reason: 'Third' },
        ]);
        expect(errors).toHaveLength(1);
      },
    ));

  it('keeps a long message within what the API takes', () =>
    withRecorder([created], async (recorder, fake) => {
      recorder.record({ ...subject, name: 'n'.repeat(253) }, 'Normal', 'Done', 'x'.repeat(5_000));
      await recorder.flush();

      const event = JSON.stringify(bodyOf(fake, 0));
      expect(event).toContain(`${'x'.repeat(1_023)}…"`);
      expect(event).toMatch(/"name":"n{220}\.[0-9a-f]+"/);
    }));
});
