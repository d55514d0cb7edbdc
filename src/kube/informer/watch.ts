import { KubeConfigError } from '../config/config-error.ts';
import type { KubeObject } from '../objects/object.ts';
import { collectionPath, type Resource } from '../objects/resource.ts';
import { type KubeClient, type Selection, selectionQuery } from '../rest/kube-client.ts';
import { KubeError } from '../rest/kube-error.ts';
import { queryString } from '../rest/query.ts';
import { LineDecoder } from './line-decoder.ts';
import { StreamGuard } from './stream-guard.ts';
import { parseWatchEvent, type WatchEvent } from './watch-event.ts';

/** A bookmark comes about once a minute; when not even that comes, the connection is dead without saying so. */
const SILENCE_LIMIT_MS = 150_000;
/** The server ends a watch after 5 to 10 minutes, at random, so that clients spread over its replicas. */
const SHORTEST_WATCH_S = 300;
/** How long after its own time limit the server is given to end the stream. */
const GRACE_MS = 10_000;
/** More than etcd and the API server accept as one object, by far. */
const MAX_EVENT_BYTES = 16 << 20;

export interface WatchOptions extends Selection {
  readonly signal: AbortSignal;
  /** Changes after this version are reported. With `initialEvents`: the state is not older than this; may be `''`. */
  readonly resourceVersion: string;
  /** Have the server send the present objects first, as ADDED, ended by a bookmark (WatchList). */
  readonly initialEvents?: boolean;
  /** Default 150 s without a byte. */
  readonly silenceLimitMs?: number;
  /** Default: random in 300 to 600 s. */
  readonly timeoutSeconds?: number;
}

/**
 * One watch: yields events until the server ends the stream, which is normal, or throws.
 *
 * @throws KubeError: that of the server, `Interrupted` when the connection breaks, `DeadlineExceeded` after silence
 * or when the server does not keep to the time limit, `BadAnswer` and `TooLarge` for events that are none
 */
export async function* watch<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { clock, random } = client.caller;
  const timeoutSeconds = options.timeoutSeconds ?? Math.round(SHORTEST_WATCH_S * (1 + random()));
  const name = `watch of ${resource.plural}`;
  const guard = new StreamGuard(options.signal, clock, name);
  try {
    const path = collectionPath(resource, options.namespace) + watchQuery(options, timeoutSeconds);
    const body = await client.openStream(path, { signal: guard.signal });
    guard.limit(timeoutSeconds * 1_000 + GRACE_MS, `the server did not end it after ${timeoutSeconds} s`);
    guard.watchSilence(options.silenceLimitMs ?? SILENCE_LIMIT_MS);
    const decoder = new LineDecoder(MAX_EVENT_BYTES);
    // Leaving the loop, for whatever reason, destroys the body.
    for await (const chunk of body as AsyncIterable<Buffer>) {
      guard.alive();
      for (const line of decoder.push(chunk)) yield parseWatchEvent(line, resource);
    }
    if (guard.signal.aborted) throw guard.signal.reason;
    if (decoder.pendingBytes > 0) throw new KubeError(`${name}: cut inside an event`, { reason: 'Interrupted' });
  } catch (error) {
    if (guard.signal.aborted) throw guard.signal.reason;
    if (error instanceof KubeError || error instanceof KubeConfigError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new KubeError(`${name}: the connection broke (${why})`, { reason: 'Interrupted', cause: error });
  } finally {
    guard.end();
  }
}

function watchQuery(options: WatchOptions, timeoutSeconds: number): string {
  return queryString({
    watch: 1,
    allowWatchBookmarks: true,
    timeoutSeconds,
    ...selectionQuery(options),
    // An empty version means "the newest" to WatchList, and must then be left out.
    resourceVersion: options.resourceVersion === '' ? undefined : options.resourceVersion,
    sendInitialEvents: options.initialEvents,
    resourceVersionMatch: options.initialEvents === true ? 'NotOlderThan' : undefined,
  });
}
