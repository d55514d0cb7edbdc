import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { collectLines, tellingLine } from './engine-output.ts';

describe('tellingLine', () => {
  it.each([
    [
      'the cause that llama-server prints before everything that failed because of it',
      [
        "0.00.009.730 I srv    load_model: loading model '/m.gguf'",
        "0.00.045.846 E llama_model_load: error loading model: tensor 'blk.16' data is not within the file bounds",
        '0.00.047.603 E llama_model_load_from_file_impl: failed to load model',
        '0.00.061.652 E srv  llama_server: exiting due to model loading error',
      ],
      "error loading model: tensor 'blk.16' data is not within the file bounds",
    ],
    [
      'a port that is taken',
      [
        '0.00.017.666 W srv  llama_server: security: no API key is set',
        "0.00.017.758 E srv         start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 18112",
        '0.00.017.759 I srv    operator(): operator(): cleaning up before exit...',
      ],
      "couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 18112",
    ],
    ['an argument that is not known', ['error: invalid argument: --bogus'], 'invalid argument: --bogus'],
    ['the last line when none complains', ['hello', 'bye', ''], 'bye'],
    ['nothing when nothing was printed', ['', '  '], undefined],
  ])('finds %s', (_, lines, expected) => {
    expect(tellingLine(lines)).toBe(expected);
  });
});

describe('collectLines', () => {
  it('keeps the last lines only and shows every line as it comes', async () => {
    const stream = new PassThrough();
    const seen: string[] = [];
    const lines = collectLines([stream], (line) => seen.push(line), 2);

    stream.end('one\ntwo\r\nthree');
    await expect.poll(() => seen).toHaveLength(3);

    expect(lines()).toEqual(['two', 'three']);
  });
});
