import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from '../failure-of.ts';
import { hollowModel } from '../gguf/synthetic-models.ts';
import { ggufBytes } from '../gguf/write-gguf.ts';
import { receiveBlob } from '../store/blobs.ts';
import { blobPath, namesIn, prepareStore, type StoreLayout, storeLayout } from '../store/layout.ts';
import { downloadInto } from './download.ts';
import type { Fault } from './fake-faults.ts';
import { FakeHub } from './fake-hub.ts';
import { HubHttp } from './http.ts';
import { resolveOnHub } from './hugging-face.ts';
import { DEFAULT_RETRY, type RetryPolicy } from './retry.ts';

const SIZE = 300_000;
const content = Buffer.from(ggufBytes(hollowModel(SIZE)));
for (let at = 4096; at < content.length; at += 1) content[at] = (at * 31) & 0xff;
const sha256 = createHash('sha256').update(content).digest('hex');
const policy: RetryPolicy = { ...DEFAULT_RETRY, firstDelayMs: 1, largestDelayMs: 5, stallMs: 150, stallBytes: 64 };

let folder: string;
let layout: StoreLayout;
let hub: FakeHub;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-download-'));
  layout = storeLayout(folder);
  await prepareStore(layout);
  hub = await FakeHub.start({ repositories: { 'o/r': { files: { 'm.gguf': content } } }, token: 'hf_secret' });
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Downloads the file with these faults, one per request, and says what became of it. */
async function download(
  faults: readonly (Fault | undefined)[],
  options: { signal?: AbortSignal; token?: string } = {},
): Promise<void> {
  await using http = new HubHttp({
    endpoint: new URL(`${hub.endpoint}/`),
    token: options.token,
    env: {},
    policy,
    nowMs: Date.now,
  });
  const reference = { scheme: 'hf', repository: 'o/r', revision: 'main', file: 'm.gguf' } as const;
  const { files } = await resolveOnHub(http, reference, 'hf://o/r');
  const [file] = files;
  if (file === undefined) throw new Error('no file');
  hub.faults.push(...faults);
  await receiveBlob(layout, { label: 'm.gguf', sha256, sizeBytes: content.length }, Date.now, (partial) =>
    downloadInto(http, partial, { url: file.url, sizeBytes: file.sizeBytes, label: 'm.gguf', signal: options.signal }),
  );
}

async function expectComplete(): Promise<void> {
  expect((await readFile(blobPath(layout, sha256))).equals(content)).toBe(true);
  expect(await namesIn(layout.partial)).toEqual([]);
}

async function expectNothing(): Promise<void> {
  expect(await namesIn(layout.blobs)).toEqual([]);
}

const ranges = () => hub.downloads().map((request) => request.range);

describe('downloadInto', () => {
  it('gets a file in one request', async () => {
    await download([]);

    await expectComplete();
    expect(ranges()).toEqual([undefined]);
  });

  it.each<[string, Fault]>([
    ['a connection that closes early', { kind: 'cut', afterBytes: 100_000 }],
    ['a body that ends early without a length', { kind: 'cut', afterBytes: 100_000, announced: false }],
    ['a stall', { kind: 'stall', afterBytes: 100_000 }],
  ])('goes on after %s where it stopped', async (_title, fault) => {
    await download([fault]);

    await expectComplete();
    expect(ranges()).toEqual([undefined, 'bytes=100000-']);
  });

  it('goes on after a reset with what had arrived', async () => {
    await download([{ kind: 'reset', afterBytes: 100_000 }]);

    await expectComplete();
    expect(ranges()).toHaveLength(2);
  });

  it('asks for the rest only of the version it has', async () => {
    await download([{ kind: 'cut', afterBytes: 100_000, etag: '"one"' }]);

    await expectComplete();
    // The honest server has another version by now, and so sends it whole.
    expect(hub.downloads().map(({ range, ifRange }) => [range, ifRange])).toEqual([
      [undefined, undefined],
      ['bytes=100000-', '"one"'],
    ]);
  });

  it('gives up a connection that only drips', async () => {
    await download([{ kind: 'drip', everyMs: 20 }]);

    await expectComplete();
    expect(ranges()).toHaveLength(2);
  });

  it.each<[string, Fault]>([
    ['ignores the range', { kind: 'ignore-range' }],
    ['answers another range', { kind: 'wrong-range', start: 5 }],
    ['answers a range without saying which', { kind: 'range-without-header' }],
    ['refuses the range', { kind: 'range-refused', total: SIZE }],
    ['speaks of another total', { kind: 'other-total', total: SIZE * 2 }],
  ])('starts over when the server %s', async (_title, fault) => {
    await download([{ kind: 'cut', afterBytes: 100_000 }, fault]);

    await expectComplete();
  });

  it('starts over when a server sends a part of another version', async () => {
    await download([
      { kind: 'cut', afterBytes: 100_000, etag: '"one"' },
      { kind: 'etag', etag: '"two"' },
    ]);

    await expectComplete();
    expect(ranges()).toEqual([undefined, 'bytes=100000-', undefined]);
  });

  it.each<[string, Fault]>([
    ['one byte too many', { kind: 'longer' }],
    ['bytes without end', { kind: 'endless' }],
    ['one flipped bit', { kind: 'flip', at: 200_000 }],
    ['one flipped bit in the last byte', { kind: 'flip', at: content.length - 1 }],
  ])('tries once more after %s', async (_title, fault) => {
    await download([fault]);

    await expectComplete();
  });

  it.each<[string, Fault]>([
    ['one byte too many', { kind: 'longer' }],
    ['bytes without end', { kind: 'endless' }],
    ['one flipped bit', { kind: 'flip', at: 200_000 }],
  ])('refuses %s that come twice, and keeps nothing', async (_title, fault) => {
    const failure = await failureOf(download([fault, fault]));

    expect(failure.code).toBe('DIGEST_MISMATCH');
    await expectNothing();
    expect(await namesIn(layout.partial)).toEqual([]);
  });

  it('waits as long as a busy server asks, in seconds or by a date', async () => {
    await download([
      { kind: 'status', status: 503, retryAfter: '0' },
      { kind: 'status', status: 429, retryAfter: 'Thu, 01 Jan 1970 00:00:00 GMT' },
      { kind: 'status', status: 500 },
    ]);

    await expectComplete();
    expect(ranges()).toHaveLength(4);
  });

  it('does not wait for days', async () => {
    const failure = await failureOf(download([{ kind: 'status', status: 429, retryAfter: '1000000000' }]));

    expect(failure.code).toBe('RATE_LIMITED');
    expect(ranges()).toHaveLength(1);
  });

  it('gives up a server that fails for ever, and keeps what arrived for the next time', async () => {
    const broken: Fault = { kind: 'status', status: 500 };

    const failure = await failureOf(
      download([{ kind: 'cut', afterBytes: 100_000 }, ...Array.from({ length: 6 }, () => broken)]),
    );

    expect(failure).toMatchObject({ code: 'UNREACHABLE', terminal: false });
    await expectNothing();
    hub.faults.length = 0;
    await download([]);
    await expectComplete();
    expect(ranges().at(-1)).toBe('bytes=100000-');
  });

  it('asks the hub for a new address when the signature of the old one has run out', async () => {
    await download([{ kind: 'status', status: 403 }]);

    await expectComplete();
    expect(hub.requests.filter(({ origin, method }) => origin === 'hub' && method === 'GET')).toHaveLength(2);
  });

  it('refuses a file that a proxy compressed', async () => {
    const failure = await failureOf(download([{ kind: 'gzip-encoded' }]));

    expect(failure.code).toBe('UNSUPPORTED');
    expect(hub.requests.every(({ acceptEncoding }) => acceptEncoding === 'identity')).toBe(true);
  });

  it('shows its token to the hub and to nobody else', async () => {
    await download([{ kind: 'redirect', to: '{storage}/o%2Fr/m.gguf?signature=secret&moved=1' }], {
      token: 'hf_secret',
    });

    await expectComplete();
    const shown = hub.requests.map(({ origin, authorization }) => [origin, authorization]);
    expect(new Set(shown.map(String))).toEqual(new Set(['hub,Bearer hf_secret', 'storage,']));
  });

  it.each([
    ['in circles', { kind: 'redirect', to: '{storage}/o%2Fr/m.gguf?signature=secret' } as const, /circles/],
    [
      'to the metadata service of a cloud',
      { kind: 'redirect', to: 'http://169.254.169.254/latest' } as const,
      /refused/,
    ],
    ['to something that is no web address', { kind: 'redirect', to: 'file:///etc/passwd' } as const, /no web address/],
  ])('refuses to be redirected %s', async (_title, fault, why) => {
    const failure = await failureOf(download(Array.from({ length: 12 }, () => fault)));

    expect(failure).toMatchObject({ code: 'UNREACHABLE', terminal: true });
    expect(failure.message).toMatch(why);
    expect(failure.message).not.toContain('signature');
  });

  it('stops when it is interrupted and goes on from there the next time', async () => {
    const interrupt = new AbortController();
    const stopped = failureOf(download([{ kind: 'stall', afterBytes: 50_000 }], { signal: interrupt.signal }));
    await expect.poll(() => hub.downloads().length).toBe(1);

    interrupt.abort();

    expect((await stopped).code).toBe('CANCELLED');
    await expectNothing();
    await download([]);
    await expectComplete();
  });
});
