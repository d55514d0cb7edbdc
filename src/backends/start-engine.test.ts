import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { EnginePlan, RunningEngine } from './engine.ts';
import { freePort } from './free-port.ts';
import { connectLlama } from './llama-client.ts';
import { startEngine } from './start-engine.ts';

const backend = { connect: (port: number) => connectLlama(port) };
const folder = mkdtempSync(join(tmpdir(), 'flexinfer-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A stand-in for an engine: a few lines of JavaScript whose first argument is the port. */
async function planOf(script: string, args: readonly string[] = [], startupTimeoutMs = 20_000): Promise<EnginePlan> {
  const port = await freePort();
  return {
    backend: 'fake engine',
    command: process.execPath,
    args: ['-e', script, String(port), ...args],
    env: {},
    port,
    startupTimeoutMs,
    recordedArgs: [],
  };
}

const LISTEN = "require('http').createServer((q, s) => s.end('{}')).listen(Number(process.argv[1]), '127.0.0.1');";

function start(plan: EnginePlan, signal = new AbortController().signal): Promise<RunningEngine> {
  return startEngine(backend, plan, { signal });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody has waited for yet is as good as gone.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    return !(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'ENOENT'));
  }
}

describe('startEngine', () => {
  it('waits until the engine is ready, runs it as its own process group, and stops it', async () => {
    const plan = await planOf(`setTimeout(() => { ${LISTEN} }, 100); process.on('SIGTERM', () => process.exit(7))`);

    const engine = await start(plan);
    const state = await engine.client.health(AbortSignal.timeout(5_000));
    await engine.stop();
    await engine.stop();

    expect(state).toBe('ready');
    expect(await engine.exited).toEqual({ code: 7, signal: null });
    expect(isAlive(engine.pid)).toBe(false);
  });

  it('passes arguments unchanged, whatever a shell would make of them', async () => {
    const file = join(folder, 'argv');
    const words = ['a b', '$(touch /tmp/x)', '`id`', '\';"', '*', '\n', '', '--', '$HOME', '\\', '✓'];
    const script = `require('fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.argv.slice(2))); ${LISTEN}`;
    const plan = await planOf(script, words);

    const engine = await start(plan);
    await engine.stop();

    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(words);
  });

  it('gives the engine a clean environment and what the plan adds', async () => {
    const file = join(folder, 'env');
    const script = `require('fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.env)); ${LISTEN}`;
    const plan = { ...(await planOf(script)), env: { FROM_PLAN: 'x' } };

    const engine = await startEngine(backend, plan, {
      signal: new AbortController().signal,
      env: { PATH: '/bin', HF_TOKEN: 'secret' },
    });
    await engine.stop();

    const environment: unknown = JSON.parse(readFileSync(file, 'utf8'));
    expect(environment).toMatchObject({ PATH: '/bin', FROM_PLAN: 'x' });
    expect(environment).not.toHaveProperty('HF_TOKEN');
  });

  it('says with the engine’s own words why it ended before it was ready', async () => {
    const plan = await planOf("console.error('error: the model is corrupted'); process.exit(3)");

    await expect(start(plan)).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: 'fake engine ended with code 3 before it was ready: the model is corrupted',
    });
  });

  it('advises to look at the arguments when the engine does not know one', async () => {
    const plan = await planOf("console.error('error: invalid argument: --new'); process.exit(1)");

    await expect(start(plan)).rejects.toMatchObject({ todo: expect.stringContaining('spec.args') });
  });

  it('does not take another program on the port for the engine', async () => {
    const plan = await planOf('');
    const other = createServer().listen(plan.port, '127.0.0.1');
    await once(other, 'listening');

    await expect(start(plan)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    other.close();
  });

  it('suspects the memory when the engine was killed', async () => {
    const plan = await planOf("process.kill(process.pid, 'SIGKILL')");

    await expect(start(plan)).rejects.toMatchObject({ code: 'ENGINE_FAILED', todo: expect.stringContaining('memory') });
  });

  it('says so when the program is not there', async () => {
    const plan = { ...(await planOf('')), command: '/nonexistent/engine' };

    await expect(start(plan)).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringContaining('not found'),
    });
  });

  it('gives up on an engine that hangs, and leaves nothing of it behind', async () => {
    const file = join(folder, 'hanging');
    const script = `require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000)`;
    const plan = await planOf(script, [], 500);

    await expect(start(plan)).rejects.toMatchObject({ code: 'ENGINE_TIMEOUT' });

    expect(isAlive(Number(readFileSync(file, 'utf8')))).toBe(false);
  });

  it('stops the start when asked to', async () => {
    const controller = new AbortController();
    const plan = await planOf('setInterval(() => {}, 1000)');

    const starting = start(plan, controller.signal);
    controller.abort();

    await expect(starting).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('does not start at all when it was stopped before', async () => {
    const file = join(folder, 'never');
    const plan = await planOf(`require('fs').writeFileSync(${JSON.stringify(file)}, '')`);

    await expect(start(plan, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });

    expect(existsSync(file)).toBe(false);
  });

  it('kills an engine that ignores SIGTERM once the grace is over', async () => {
    const engine = await start(await planOf(`process.on('SIGTERM', () => {}); ${LISTEN}`));

    await engine.stop(100);

    expect(await engine.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('takes what the engine started itself down with it', async () => {
    const file = join(folder, 'grandchild');
    const script = `
      const child = require('child_process').spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
      require('fs').writeFileSync(${JSON.stringify(file)}, String(child.pid));
      ${LISTEN}`;
    const engine = await start(await planOf(script));

    await engine.stop();

    const grandchild = Number(readFileSync(file, 'utf8'));
    await expect.poll(() => isAlive(grandchild), { timeout: 5_000 }).toBe(false);
  });

  it('tells of a crash after the start, and keeps the last lines', async () => {
    const engine = await start(
      await planOf(`${LISTEN} setTimeout(() => { console.error('fatal: cable pulled'); process.exit(9) }, 200)`),
    );

    const ended = await engine.exited;

    expect(ended).toEqual({ code: 9, signal: null });
    await expect.poll(() => engine.lastLines()).toContain('fatal: cable pulled');
    await engine.stop();
  });

  it('never lets the engine outlive us, not even when we are killed', async () => {
    const plan = await planOf(`process.on('SIGTERM', () => {}); ${LISTEN}`);
    const here = (name: string): string => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { startEngine } from ${here('./start-engine.ts')};
         import { connectLlama } from ${here('./llama-client.ts')};
         const plan = JSON.parse(process.argv[1]);
         const signal = new AbortController().signal;
         const engine = await startEngine({ connect: (port) => connectLlama(port) }, plan, { signal });
         console.log(engine.pid);
         setInterval(() => {}, 1000);`,
        JSON.stringify(plan),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = await once(createInterface({ input: parent.stdout }), 'line');
    const pid = Number(line);
    const before = isAlive(pid);

    parent.kill('SIGKILL');

    expect(before).toBe(true);
    await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
  });
});
