import type { KubeObject } from '../objects/object.ts';
import { resource } from '../objects/resource.ts';
import { answer, type Behaviour, FakeApiServer, rawAnswer } from '../rest/api-server.fake.ts';
import { KubeClient } from '../rest/kube-client.ts';
import { fastClock } from '../time/fast-clock.fake.ts';
import { Informer, type InformerOptions } from './informer.ts';

const pods = resource('v1', 'Pod', 'pods');

/** The parts of a scene: objects, lists, lines of a watch. */
export const pod = (name: string, resourceVersion: string, uid = name) => ({
  metadata: { name, uid, resourceVersion },
});
export const list = (resourceVersion: string, ...items: object[]) =>
  answer(200, { metadata: { resourceVersion }, items });
export const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
export const bookmark = (resourceVersion: string, annotations: object = {}) =>
  line('BOOKMARK', { metadata: { resourceVersion, annotations } });
export const END_OF_INITIAL = { 'k8s.io/initial-events-end': 'true' };
export const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };

/** Sends these lines and leaves the stream open. */
export const open =
  (...lines: readonly string[]): Behaviour =>
  (_, response) => {
    response.writeHead(200);
    response.write(lines.join(''));
  };
/** Sends these lines and ends the stream, as a server does when the time is over. */
export const ended = (...lines: readonly string[]) => rawAnswer(200, lines.join(''));

interface Scene {
  readonly fake: FakeApiServer;
  readonly informer: Informer<KubeObject>;
  readonly told: readonly string[];
  readonly errors: readonly unknown[];
}

/** Runs an informer against these behaviours while `test` runs. */
export async function scene(
  behaviours: readonly Behaviour[],
  test: (scene: Scene) => Promise<void>,
  options: InformerOptions<KubeObject> = {},
): Promise<void> {
  await using fake = await FakeApiServer.start();
  fake.next(...behaviours);
  const client = new KubeClient({ connection: fake.connection, clock: fastClock(40), random: () => 0 });
  const errors: unknown[] = [];
  const told: string[] = [];
  const onError = (error: unknown) => errors.push(error);
  const informer = new Informer(client, pods, { watchList: false, onError, ...options });
  const version = ({ metadata }: KubeObject) => `${metadata.name}@${metadata.resourceVersion}`;
  informer.addHandler({
    added: (object, initial) => told.push(`${initial ? 'initial' : 'added'} ${version(object)}`),
    changed: (object, before) => told.push(`changed ${version(before)} to ${version(object)}`),
    deleted: (object) => told.push(`deleted ${version(object)}`),
  });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  try {
    await test({ fake, informer, told, errors });
    if (fake.unexpected.length > 0) throw new Error(`unexpected: ${JSON.stringify(fake.unexpected)}`);
  } finally {
    stop.abort();
    await running;
    await client.close();
  }
}

/** Waits until `assertion` no longer throws, and throws what it throws when it still does after 15 s. */
export async function eventually(assertion: () => void): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  for (;;) {
    try {
      assertion();
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const queryOf = (fake: FakeApiServer, index: number) => Object.fromEntries(fake.received[index]?.query ?? []);
