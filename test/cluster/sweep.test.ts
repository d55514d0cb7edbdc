import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { startControlPlane } from './control-plane.ts';
import { skipWithoutNodes } from './possible.ts';
import { readRecords } from './state.ts';
import { removeForgotten } from './sweep.ts';
import { findTraces, NO_TRACES } from './traces.ts';

/** Starts `crash.program.ts`, kills it with SIGKILL once its cluster is up, and returns the cluster's id. */
async function crash(): Promise<string> {
  const program = spawn(process.execPath, [`${import.meta.dirname}/crash.program.ts`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: program.stdout })) {
    if (!line.startsWith('up ')) continue;
    const exited = once(program, 'exit');
    program.kill('SIGKILL');
    await exited;
    return line.slice(3);
  }
  throw new Error('the program ended before its cluster was up');
}

describe.skipIf(skipWithoutNodes())('a cluster whose test run was killed', () => {
  it('is still there, and removed with all it made before the next one starts', async () => {
    const id = await crash();
    const left = await findTraces(id);

    const removed = await removeForgotten();

    expect(Object.entries(left).filter(([, found]) => found.length === 0)).toEqual([]);
    expect(removed).toContain(id);
    expect(await findTraces(id)).toEqual(NO_TRACES);
  });
});

describe('two clusters at once', () => {
  it('do not meet: each has its own objects, and one can be stopped without the other', async () => {
    const [first, second] = await Promise.all([startControlPlane(), startControlPlane()]);
    try {
      await first.kubectl(['create', 'configmap', 'only-in-the-first']);
      await first.stop();

      const there = await second.kubectl(['get', 'configmaps', '-o', 'name']);

      expect(there).not.toContain('only-in-the-first');
      expect(readRecords().some((record) => record.kubeconfig === first.kubeconfigPath)).toBe(false);
    } finally {
      await first.stop();
      await second.stop();
    }
  });
});
