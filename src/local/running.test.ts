import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunningServers } from './running.ts';

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'flexinfer-running-'));
});
afterEach(async () => {
  await rm(state, { recursive: true });
});

const server = (pid: number) => ({
  pid,
  endpoint: 'http://127.0.0.1:8000',
  file: 'm.yaml',
  startedAt: '2026-01-01T00:00:00.000Z',
  models: [{ name: 'm', modelHash: 'a'.repeat(32), deviceClass: 'cpu.epyc.v3.8c' }],
});

describe('RunningServers', () => {
  it('lists this process until it takes its announcement back', async () => {
    const servers = new RunningServers(state);
    const remove = await servers.add(server(process.pid));

    expect(await servers.list()).toMatchObject([server(process.pid)]);

    await remove();
    expect(await servers.list()).toEqual([]);
  });

  it('forgets a server whose pid now belongs to another process', async () => {
    const servers = new RunningServers(state);
    await servers.add(server(process.pid));
    const file = join(state, 'running', `${process.pid}.json`);
    await writeFile(file, JSON.stringify({ ...server(process.pid), startTicks: '1' }));

    expect(await servers.list()).toEqual([]);
    expect(await readdir(join(state, 'running'))).toEqual([]);
  });

  it('forgets a file that is not an announcement', async () => {
    const servers = new RunningServers(state);
    await servers.add(server(process.pid));
    await writeFile(join(state, 'running', 'x.json'), '{"pid":"one"}');

    expect(await servers.list()).toHaveLength(1);
  });
});
