import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llamaServer } from '../../scripts/engines/llama-server.ts';
import { smallModel } from '../../scripts/engines/small-model.ts';
import { randomLlama } from '../../src/models/gguf/synthetic-models.ts';
import { writeGguf } from '../../src/models/gguf/write-gguf.ts';
import { obtain } from '../backends/obtain.ts';
import { type Environment, runCommand, Server } from './command-line.ts';

/** `flexinfer up` as a person uses it: real engines, the real model, real signals. */

const engine = await obtain('llama-server', () => llamaServer());
const model = await obtain('small model', () => smallModel());
let folder: string;
let env: Environment;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-up-'));
  env = {
    FLEXINFER_STATE: join(folder, 'state'),
    MODEL_CACHE_PATH: join(folder, 'models'),
    FLEXINFER_LLAMA_SERVER: engine,
    HF_ENDPOINT: 'http://127.0.0.1:9',
  };
});
afterAll(async () => {
  execFileSync('chmod', ['-R', 'u+w', folder]);
  await rm(folder, { recursive: true, force: true });
});

const document = (name: string, source: string, extra = '') => `apiVersion: flexinfer.ai/v1alpha1
kind: ModelDeployment
metadata: { name: ${name} }
spec:
  model: { source: "file://${source}" }
  contextLength: 512
  benchmark: { warmupIterations: 1, iterations: 3 }
${extra}`;

const manifest = async (content: string) => {
  const file = join(folder, 'm.yaml');
  await writeFile(file, content);
  return file;
};

const chat = async (endpoint: unknown, name: string) => {
  const response = await fetch(`${String(endpoint)}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: name,
      messages: [{ role: 'user', content: 'Why is the sky blue?' }],
      max_tokens: 40,
      temperature: 0,
    }),
  });
  return (await response.json()) as {
    model: string;
    choices: { message: { content: string } }[];
    error?: { message: string };
  };
};

const enginesOf = (pid: number): string[] =>
  execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(folder) || line.trim().split(/\s+/)[1] === String(pid))
    .filter((line) => line.includes('--model'));

describe.skipIf(engine === undefined || model === undefined)('flexinfer up', () => {
  it('serves a real model, measured, and says so in a ready event', async () => {
    await using server = new Server([await manifest(document('smol', model ?? '')), '--port', '0'], env);

    const ready = await server.event('ready');
    const answer = await chat(ready['endpoint'], 'smol');
    const models = (await (await fetch(`${String(ready['endpoint'])}/v1/models`)).json()) as { data: { id: string }[] };
    const listed = JSON.parse((await runCommand(['list', '-o', 'json'], env)).stdout) as {
      measured: object[];
      servers: object[];
    };
    const finished = await server.stop('SIGINT');

    expect(ready['models']).toEqual([
      {
        name: 'smol',
        backend: 'llamacpp',
        deviceClass: expect.stringMatching(/^cpu\..+\.v[1-4]\.[0-9.]+c$/),
        tokensPerSecond: expect.any(Number),
        low: expect.any(Number),
        high: expect.any(Number),
        samples: expect.any(Number),
      },
    ]);
    expect(answer.model).toBe('smol');
    expect(answer.choices[0]?.message.content).toMatch(/sky|light/i);
    expect(models.data.map((each) => each.id)).toEqual(['smol']);
    expect(listed).toMatchObject({
      measured: [{ name: 'smol', endpoint: ready['endpoint'] }],
      servers: [{ pid: server.pid }],
    });
    expect(finished).toMatchObject({ code: 130, stderr: '' });
    expect(enginesOf(server.pid)).toEqual([]);
    expect(await readdir(join(folder, 'state', 'running'))).toEqual([]);
  });

  it('uses the record of the earlier start, and measures again when the arguments changed', async () => {
    await using again = new Server([await manifest(document('smol', model ?? '')), '--port', '0'], env);
    const reused = await again.event('measured');
    await again.stop('SIGTERM');
    await using changed = new Server(
      [await manifest(document('smol', model ?? '', '  args: ["--ubatch-size", "256"]\n')), '--port', '0'],
      env,
    );
    const measured = await changed.event('measured');
    await changed.stop('SIGTERM');

    expect(reused).toMatchObject({ reused: true });
    expect(measured).toMatchObject({ reused: false });
  });

  it('serves several models of one file, each under its name', async () => {
    const tiny = join(folder, 'tiny.gguf');
    await writeGguf(tiny, randomLlama(1));
    const file = await manifest(`${document('smol', model ?? '')}---\n${document('tiny', tiny)}`);
    await using server = new Server([file, '--port', '0'], env);

    const { endpoint } = await server.event('ready');
    const [smol, unknown] = [await chat(endpoint, 'smol'), await chat(endpoint, 'smal')];
    const completion = (await (
      await fetch(`${String(endpoint)}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'tiny', prompt: 'x', max_tokens: 8 }),
      })
    ).json()) as { model: string };
    await server.stop();

    expect([smol.model, completion.model]).toEqual(['smol', 'tiny']);
    expect(unknown.error?.message).toMatch(/smal.*smol.*tiny/s);
    expect(enginesOf(server.pid)).toEqual([]);
  });

  it('asks for the key of FLEXINFER_API_KEY, and serves no manifest that wants one without', async () => {
    const file = await manifest(document('smol', model ?? '', '  auth: { apiKeySecret: keys }\n'));
    const refused = await runCommand(['up', file, '--port', '0'], env);
    await using server = new Server([file, '--port', '0'], { ...env, FLEXINFER_API_KEY: 'sesame' });
    const { endpoint } = await server.event('ready');

    const ask = async (headers: Record<string, string>) =>
      (await fetch(`${String(endpoint)}/v1/models`, { headers })).status;

    expect(refused).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /^error\[UNSUPPORTED\]: smol asks for a bearer key .*: put the key into FLEXINFER_API_KEY\n$/,
      ),
    });
    expect([
      await ask({}),
      await ask({ authorization: 'Bearer wrong' }),
      await ask({ authorization: 'Bearer sesame' }),
    ]).toEqual([401, 401, 200]);
  });

  it('starts an engine again that was killed, and answers again', async () => {
    await using server = new Server([await manifest(document('smol', model ?? '')), '--port', '0'], env);
    const { endpoint } = await server.event('ready');
    const [before] = enginesOf(server.pid);

    process.kill(Number(before?.trim().split(/\s+/)[0]), 'SIGKILL');
    await server.event('engine', (event) => event['state'] === 'exited');

    await expect
      .poll(async () => (await chat(endpoint, 'smol')).choices?.[0]?.message.content ?? '', { timeout: 60_000 })
      .toMatch(/sky|light/i);
    await server.stop();
    expect(enginesOf(server.pid)).toEqual([]);
  });

  it('leaves no engine behind when it is killed without a chance to clean up', async () => {
    await using server = new Server([await manifest(document('smol', model ?? '')), '--port', '0'], env);
    await server.event('ready');
    expect(enginesOf(server.pid)).not.toEqual([]);

    await server.stop('SIGKILL');

    await expect.poll(() => enginesOf(server.pid), { timeout: 20_000 }).toEqual([]);
    expect(JSON.parse((await runCommand(['list', '-o', 'json'], env)).stdout)).toMatchObject({ servers: [] });
  });

  it('stops at once when it is interrupted while it measures', async () => {
    const file = await manifest(document('smol', model ?? '').replace('iterations: 3', 'iterations: 100'));
    await using server = new Server([file, '--port', '0', '--remeasure'], env);
    await server.event('measure', (event) => event['phase'] === 'run');

    const finished = await server.stop('SIGINT');

    expect(finished).toMatchObject({ code: 130, stderr: 'error[CANCELLED]: stopped by SIGINT\n' });
    expect(enginesOf(server.pid)).toEqual([]);
  });
});

describe.skipIf(engine === undefined || model === undefined)('flexinfer bench', () => {
  it('prints the complete record and nothing else on stdout', async () => {
    const result = await runCommand(['bench', await manifest(document('smol', model ?? '')), '--output', 'json'], env);

    expect(JSON.parse(result.stdout)).toMatchObject({
      version: 1,
      protocol: 'v1',
      outcome: 'measured',
      subject: { backend: 'llamacpp', contextLength: 512, parallel: 1 },
      engine: {
        name: 'llamacpp',
        version: expect.stringMatching(/^b\d+/),
        arguments: expect.arrayContaining(['--threads']),
      },
      points: [{ promptTokens: 128, outputTokens: 128 }],
    });
    expect(result.code).toBe(0);
    expect(enginesOf(0)).toEqual([]);
  });
});
