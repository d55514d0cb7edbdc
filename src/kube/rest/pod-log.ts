import { StringDecoder } from 'node:string_decoder';
import { builtin } from '../objects/builtin-resources.ts';
import { objectPath } from '../objects/resource.ts';
import type { CallOptions } from './api-caller.ts';
import type { KubeClient } from './kube-client.ts';
import { KubeError } from './kube-error.ts';
import { queryString } from './query.ts';

export interface PodLogOptions extends CallOptions {
  /** May be left out when the pod has one container. */
  readonly container?: string;
  /** Go on as the container writes, until it ends. */
  readonly follow?: boolean;
  /** The log of the container's run before this one. */
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  readonly limitBytes?: number;
  /** Put the time in front of every line, RFC 3339. */
  readonly timestamps?: boolean;
}

const ONE_DAY_MS = 86_400_000;

/**
 * The log of a container, as pieces of text of any length.
 *
 * @throws KubeError `BadRequest` while the container has not started, `Interrupted` when the connection breaks
 */
export async function* podLog(
  client: KubeClient,
  pod: { readonly namespace: string; readonly name: string },
  options: PodLogOptions,
): AsyncGenerator<string> {
  const { container, follow, previous, tailLines, sinceSeconds, limitBytes, timestamps } = options;
  const query = queryString({ container, follow, previous, tailLines, sinceSeconds, limitBytes, timestamps });
  // A quiet container's log begins with its first line, whenever that comes.
  const timeoutMs = options.timeoutMs ?? (follow === true ? ONE_DAY_MS : undefined);
  const call = { signal: options.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const body = await client.openStream(objectPath(builtin.pods, pod, 'log') + query, call);
  const decoder = new StringDecoder('utf8');
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const text = decoder.write(chunk);
      if (text !== '') yield text;
    }
    const rest = decoder.end();
    if (rest !== '') yield rest;
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    const why = error instanceof Error ? error.message : String(error);
    throw new KubeError(`log of pod ${pod.name}: the connection broke (${why})`, {
      reason: 'Interrupted',
      cause: error,
    });
  } finally {
    body.destroy();
  }
}
