import { FlexInferError } from '../../api/errors.ts';
import type { PartialFile } from '../store/partial-file.ts';
import { type HttpResponse, type HubHttp, networkFailure, shownUrl } from './http.ts';
import { RetryBudget, TransientFailure } from './retry.ts';

export interface Download {
  readonly url: URL;
  readonly sizeBytes: number;
  /** What people call the file, for messages. */
  readonly label: string;
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes of this file are there, after every chunk. */
  readonly onReceived?: (bytes: number) => void;
}

/**
 * Appends the bytes of `download.url` to `partial`, going on where it stands. Broken connections, stalls and busy
 * servers are tried again; a server that ignores or garbles the range makes it start over.
 *
 * @throws FlexInferError UNREACHABLE, RATE_LIMITED, AUTH_REQUIRED, MODEL_NOT_FOUND, DIGEST_MISMATCH (wrong size).
 */
export async function downloadInto(http: HubHttp, partial: PartialFile, download: Download): Promise<void> {
  const budget = new RetryBudget(http.policy, download.label);
  const state = { etag: undefined as string | undefined, wrongSizes: 0 };
  while (partial.received < download.sizeBytes) {
    const before = partial.received;
    try {
      await attempt(http, partial, download, state);
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error;
      if (partial.received - before >= http.policy.progressBytes) budget.progressed();
      await budget.pause(error, download.signal);
    }
  }
}

interface Seen {
  /** Strong validator of the bytes received so far in this call. */
  etag: string | undefined;
  wrongSizes: number;
}

async function attempt(http: HubHttp, partial: PartialFile, download: Download, seen: Seen): Promise<void> {
  const from = partial.received;
  const headers: Record<string, string> = {};
  if (from > 0) {
    headers['range'] = `bytes=${from}-`;
    if (seen.etag !== undefined) headers['if-range'] = seen.etag;
  }
  const stall = new AbortController();
  const signal = download.signal === undefined ? stall.signal : AbortSignal.any([download.signal, stall.signal]);
  const response = await http.exchange({ method: 'GET', url: download.url, headers, signal });
  const watch = watchForStall(http, stall, () => partial.received);
  try {
    await checkStatus(response, download);
    await placeResponse(response, partial, download, seen, from);
    await receive(response, partial, download, seen);
  } catch (error) {
    response.body.on('error', () => undefined).destroy();
    if (stall.signal.aborted && download.signal?.aborted !== true) {
      throw new TransientFailure(`${shownUrl(response.url)} stalled`, { cause: error });
    }
    throw networkFailure(error, response.url, download.signal);
  } finally {
    clearInterval(watch);
  }
}

function watchForStall(http: HubHttp, stall: AbortController, received: () => number): NodeJS.Timeout {
  let last = received();
  return setInterval(() => {
    const now = received();
    if (now - last < http.policy.stallBytes) stall.abort();
    last = now;
  }, http.policy.stallMs);
}

async function checkStatus(response: HttpResponse, { label }: Download): Promise<void> {
  const { status } = response;
  if (status === 200 || status === 206 || status === 416) return;
  await response.body.dump();
  const what = `${label}: ${shownUrl(response.url)} answered ${status}`;
  if (status === 401 || status === 403) {
    // Signed storage addresses expire; the next attempt asks the hub for a new one.
    throw new TransientFailure(what);
  }
  if (status === 404) throw new FlexInferError('MODEL_NOT_FOUND', what, { todo: 'check the reference' });
  throw new FlexInferError('UNREACHABLE', what, { todo: 'check HF_ENDPOINT', terminal: true });
}

/** Decides what the answer's bytes are: the rest, or the whole file again. */
async function placeResponse(
  response: HttpResponse,
  partial: PartialFile,
  download: Download,
  seen: Seen,
  from: number,
): Promise<void> {
  const encoding = response.header('content-encoding');
  if (encoding !== undefined && encoding !== 'identity') {
    throw new FlexInferError('UNSUPPORTED', `${shownUrl(response.url)} compresses the file (${encoding})`, {
      todo: 'turn off compression in the proxy on the way',
    });
  }
  const etag = strongEtag(response.header('etag'));
  if (response.status === 416) return startOver(partial, response, seen, 'has no bytes where the file goes on');
  if (response.status === 200) {
    if (from > 0) await partial.restart();
    seen.etag = etag;
    refuseOtherSize(response.header('content-length'), download.sizeBytes, download, seen);
    return;
  }
  const range = parseContentRange(response.header('content-range'));
  if (range === undefined || range.start !== from) {
    return startOver(partial, response, seen, 'answered another range than was asked for');
  }
  if (seen.etag !== undefined && etag !== undefined && etag !== seen.etag) {
    return startOver(partial, response, seen, 'has another version of the file now');
  }
  seen.etag = etag;
  if (range.total !== undefined) refuseOtherSize(String(range.total), download.sizeBytes, download, seen);
}

async function startOver(partial: PartialFile, response: HttpResponse, seen: Seen, why: string): Promise<never> {
  await partial.restart();
  seen.etag = undefined;
  throw new TransientFailure(`${shownUrl(response.url)} ${why}`);
}

async function receive(response: HttpResponse, partial: PartialFile, download: Download, seen: Seen): Promise<void> {
  for await (const chunk of response.body) {
    const bytes: Uint8Array = chunk;
    if (partial.received + bytes.length > download.sizeBytes) {
      await partial.restart();
      throw wrongSize(download, 'more', seen);
    }
    await partial.append(bytes);
    download.onReceived?.(partial.received);
  }
  if (partial.received < download.sizeBytes) {
    throw new TransientFailure(
      `${shownUrl(response.url)} ended after ${partial.received} of ${download.sizeBytes} bytes`,
    );
  }
}

function refuseOtherSize(text: string | undefined, size: number, download: Download, seen: Seen): void {
  if (text !== undefined && Number(text) !== size) throw wrongSize(download, text, seen);
}

/** A wrong size gets one more chance: a cache on the way may have kept an old file. */
function wrongSize(download: Download, found: string, seen: Seen): Error {
  seen.wrongSizes += 1;
  const what = `${download.label} has ${found} bytes where ${download.sizeBytes} were promised`;
  if (seen.wrongSizes === 1) return new TransientFailure(what);
  return new FlexInferError('DIGEST_MISMATCH', what, { todo: 'check HF_ENDPOINT and the proxy on the way' });
}

function strongEtag(etag: string | undefined): string | undefined {
  return etag !== undefined && /^"[^"]*"$/.test(etag) ? etag : undefined;
}

function parseContentRange(text: string | undefined): { start: number; total: number | undefined } | undefined {
  const [, start, total] = /^bytes ([0-9]+)-[0-9]+\/([0-9]+|\*)$/.exec(text ?? '') ?? [];
  if (start === undefined) return undefined;
  return { start: Number(start), total: total === '*' ? undefined : Number(total) };
}
