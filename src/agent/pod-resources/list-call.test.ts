import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakePodResources, listMessage } from '../testing/pod-resources.fake.ts';
import { parseListAnswer } from './list-answer.ts';
import { listPodDevices } from './list-call.ts';

const never = new AbortController().signal;

describe('listPodDevices', () => {
  let kubelet: FakePodResources;

  beforeEach(async () => {
    kubelet = await FakePodResources.start();
  });

  afterEach(() => kubelet[Symbol.asyncDispose]());

  it('asks as gRPC does and reads which container has which device', async () => {
    kubelet.answer = { message: listMessage({ 'default/llama': ['GPU-1', 'GPU-2'], 'other/idle': [] }) };

    const holders = await listPodDevices(kubelet.socket, never);

    expect(kubelet.calls).toEqual([
      { path: '/v1.PodResourcesLister/List', type: 'application/grpc', body: '0000000000' },
    ]);
    expect(holders).toEqual(
      ['GPU-1', 'GPU-2'].map((deviceId) => ({
        namespace: 'default',
        pod: 'llama',
        container: 'main',
        resource: 'nvidia.com/gpu',
        deviceId,
      })),
    );
  });

  it('reads an answer without pods, and a long one', async () => {
    kubelet.answer = { message: new Uint8Array() };
    expect(await listPodDevices(kubelet.socket, never)).toEqual([]);

    const ids = Array.from({ length: 20_000 }, (_, index) => `GPU-${index}`);
    kubelet.answer = { message: listMessage({ 'default/llama': ids }) };
    expect(await listPodDevices(kubelet.socket, never)).toHaveLength(20_000);
  });

  it.each([
    [
      'a gRPC status',
      { grpcStatus: 8, grpcMessage: 'rejected by rate limit' },
      /gRPC status 8: rejected by rate limit/,
    ],
    ['an HTTP status', { httpStatus: 503 }, /HTTP status 503/],
    ['a compressed message', { message: listMessage({}), frame: Buffer.from([1, 0, 0, 0, 0]) }, /not one uncompressed/],
    ['a wrong length', { message: listMessage({ 'a/b': ['c'] }), frame: Buffer.from([0, 0, 0, 0, 1]) }, /not one/],
    ['a message cut off inside', { message: listMessage({ 'a/b': ['c'] }).subarray(0, -1) }, /longer than its message/],
  ])('says what went wrong: %s', async (_, answer, message) => {
    kubelet.answer = answer;

    await expect(listPodDevices(kubelet.socket, never)).rejects.toThrow(message);
  });

  it('ends with its signal when the kubelet does not answer', async () => {
    kubelet.answer = { silent: true };
    const stop = new AbortController();
    const call = listPodDevices(kubelet.socket, stop.signal);
    setImmediate(() => stop.abort());

    await expect(call).rejects.toThrow('cancelled');
  });

  it('fails where there is no such socket', async () => {
    await expect(listPodDevices(`${kubelet.socket}.none`, never)).rejects.toThrow(/ENOENT/);
  });
});

describe('parseListAnswer', () => {
  it('throws nothing but RangeError, and ends, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['holders', 'RangeError']).toContain(outcome(bytes));
      }),
    );
  });

  it('passes over fields of later versions', () => {
    const later = Uint8Array.from([0x20, 0x96, 0x01, 0x29, ...Array<number>(8).fill(0), 0x35, 0, 0, 0, 0]);

    expect(parseListAnswer(Buffer.concat([later, listMessage({ 'a/b': ['c'] }), later]))).toHaveLength(1);
  });
});

function outcome(bytes: Uint8Array): string {
  try {
    parseListAnswer(bytes);
    return 'holders';
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}
