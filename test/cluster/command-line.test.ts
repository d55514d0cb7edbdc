import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { command } from '../../scripts/cluster/command.ts';
import { findTraces, NO_TRACES } from './traces.ts';

const program = join(import.meta.dirname, '../../scripts/cluster/main.ts');
const run = (...args: readonly string[]) => command([process.execPath, program, ...args]);

describe('npm run cluster', () => {
  it('starts a cluster that stays, lists it, and removes it', async () => {
    const kubeconfig = (await run('up', '--nodes', '0', '--fake-nodes', '2')).trim();
    const id = /clusters\/(flx[0-9]+)\/kubeconfig$/.exec(kubeconfig)?.[1] ?? '';
    const listed = await run('status');

    const removed = await run('down', id);

    expect(listed).toContain(kubeconfig);
    expect(removed).toContain(`removed ${id}`);
    expect(await findTraces(id)).toEqual(NO_TRACES);
  });

  it.each([[], ['destroy'], ['up', '--nodes', '7'], ['up', '--fake-nodes', 'many']])(
    'explains itself when it does not understand: %j',
    async (...args) => {
      await expect(run(...args)).rejects.toThrow(/ended with 2: usage: npm run cluster/);
    },
  );

  it('says in one line why it cannot start', async () => {
    const env = { FLEXINFER_CACHE: '/var/nowhere' };

    await expect(command([process.execPath, program, 'up', '--nodes', '1'], { env })).rejects.toThrow(
      /ended with 1: error: (a real node, .* set FLEXINFER_CACHE|real nodes need root)/,
    );
  });
});
