import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ToolLimits, VendorTool } from './vendor-tool.ts';

let home = '';

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'flexinfer-tool-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Short enough for a test to wait, long enough for a shell to start on a busy machine. */
const PATIENT: ToolLimits = { killMs: 10_000, settleMs: 12_000, maxBytes: 1000 };
const HASTY: ToolLimits = { killMs: 1500, settleMs: 2000, maxBytes: 1000 };

async function script(text: string): Promise<string> {
  const path = join(home, 'tool');
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('VendorTool', () => {
  it('gives output, complaints and exit status', async () => {
    const tool = new VendorTool(await script('echo "$1"; echo bad >&2; exit 14'), PATIENT);

    expect(await tool.run(['a b; $HOME'])).toEqual({
      kind: 'ended',
      exitCode: 14,
      stdout: 'a b; $HOME\n',
      stderr: 'bad\n',
    });
  });

  it('replaces bytes that are no text and drops a byte order mark', async () => {
    const tool = new VendorTool(await script(String.raw`printf '\357\273\277ok\377\n'`), PATIENT);

    expect(await tool.run([])).toMatchObject({ stdout: 'ok\uFFFD\n' });
  });

  it('passes English and the library path on, and nothing else of this environment', async () => {
    const tool = new VendorTool(await script('env | sed "s/=.*//" | sort | tr "\\n" " "'), PATIENT);

    const outcome = await tool.run([]);

    expect(outcome.kind === 'ended' ? outcome.stdout.trim().split(' ') : []).toEqual(
      expect.arrayContaining(['LC_ALL', 'PATH']),
    );
    expect(outcome.kind === 'ended' && outcome.stdout.includes('HOME')).toBe(false);
  });

  it('kills a tool that never ends', async () => {
    const pidFile = join(home, 'pid');
    const tool = new VendorTool(await script(`trap '' TERM; echo $$ > ${pidFile}; while :; do sleep 1; done`), HASTY);

    const outcome = await tool.run([]);

    expect(outcome).toMatchObject({ kind: 'failed', reason: 'timeout' });
    const pid = Number(await readFile(pidFile, 'utf8'));
    await until(() => !isAlive(pid));
  });

  it('settles although a grandchild outside its group holds the pipe', async () => {
    const tool = new VendorTool(await script('setsid sleep 30 & echo $!; echo done'), HASTY);

    const outcome = await tool.run([]);

    expect(outcome).toMatchObject({ kind: 'ended', exitCode: 0, stdout: expect.stringMatching(/done\n$/) });
    const pid = outcome.kind === 'ended' ? Number(outcome.stdout.split('\n', 1)[0]) : 0;
    process.kill(pid, 'SIGKILL');
  });

  it('kills what the tool started together with it', async () => {
    const pidFile = join(home, 'pid');
    const tool = new VendorTool(await script(`sleep 30 & echo $! > ${pidFile}; wait`), HASTY);

    const outcome = await tool.run([]);

    expect(outcome).toMatchObject({ reason: 'timeout' });
    const pid = Number(await readFile(pidFile, 'utf8'));
    await until(() => !isAlive(pid));
  });

  it('leaves a child that survives being killed alone, and starts no other until it has gone', async () => {
    const log = join(home, 'log');
    const path = await script(`echo $$ >> ${log}; [ -e ${join(home, 'well')} ] || sleep 30`);
    const tool = new VendorTool(path, HASTY, () => undefined);

    const first = await tool.run([]);
    const second = await tool.run([]);

    const pids = (await readFile(log, 'utf8')).trim().split('\n').map(Number);
    expect(first).toMatchObject({ kind: 'failed', reason: 'timeout' });
    expect(second).toMatchObject({ kind: 'failed', reason: 'stuck', detail: expect.stringContaining(String(pids[0])) });
    expect(pids).toHaveLength(1);
    await writeFile(join(home, 'well'), '');
    process.kill(-(pids[0] ?? 0), 'SIGKILL');
    await until(async () => (await tool.run([])).kind === 'ended');
  });

  it('cuts off a tool that says too much', async () => {
    const tool = new VendorTool(await script('while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done'), PATIENT);

    expect(await tool.run([])).toMatchObject({ kind: 'failed', reason: 'output_too_large' });
  });

  it('runs one call at a time, in order', async () => {
    const log = join(home, 'log');
    const tool = new VendorTool(
      await script(`echo "start $1" >> ${log}; sleep 0.05; echo "end $1" >> ${log}`),
      PATIENT,
    );

    await Promise.all([tool.run(['1']), tool.run(['2']), tool.run(['3'])]);

    expect((await readFile(log, 'utf8')).trim().split('\n')).toEqual([
      'start 1',
      'end 1',
      'start 2',
      'end 2',
      'start 3',
      'end 3',
    ]);
  });

  it('ends at once when it is told to stop', async () => {
    const pidFile = join(home, 'pid');
    const tool = new VendorTool(await script(`echo $$ > ${pidFile}; sleep 30`), PATIENT);
    const stop = new AbortController();
    const running = tool.run([], stop.signal);
    await until(() =>
      readFile(pidFile, 'utf8').then(
        (text) => text !== '',
        () => false,
      ),
    );

    stop.abort();

    expect(await running).toMatchObject({ kind: 'failed', reason: 'cancelled' });
    expect(await tool.run([], stop.signal)).toMatchObject({ kind: 'failed', reason: 'cancelled' });
  });

  it('tells a missing tool from one that may not be executed and from one whose loader is missing', async () => {
    const plain = join(home, 'plain');
    await writeFile(plain, '#!/bin/sh\n');
    const noLoader = join(home, 'no-loader');
    await writeFile(noLoader, '#!/no/such/loader\n');
    await chmod(noLoader, 0o755);

    expect(await new VendorTool('no-such-tool-here', PATIENT).run([])).toMatchObject({ reason: 'tool_absent' });
    expect(await new VendorTool(join(home, 'absent'), PATIENT).run([])).toMatchObject({ reason: 'tool_absent' });
    expect(await new VendorTool(plain, PATIENT).run([])).toMatchObject({ reason: 'tool_not_executable' });
    expect(await new VendorTool(noLoader, PATIENT).run([])).toMatchObject({ reason: 'tool_not_runnable' });
    expect(await new VendorTool('bad\0name', PATIENT).run([])).toMatchObject({ kind: 'failed' });
  });
});
