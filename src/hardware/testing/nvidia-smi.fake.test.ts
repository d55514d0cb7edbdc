import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { h100Capture } from './captures.ts';
import { installMachine } from './install-machine.ts';
import { a100Mig, eightH100, oneH100 } from './machines.ts';

const FIELDS = h100Capture('query.csv')
  .split('\n', 1)[0]
  ?.replace(/ \[[^\]]*\]/g, '')
  .split(', ')
  .join(',');
const exitOf = (name: string): number => Number(/exit=(\d+)/.exec(h100Capture(`${name}.rc`))?.[1]);

async function run(
  machine: typeof oneH100,
  ...args: readonly string[]
): Promise<{ out: string; exitCode: number | null }> {
  await using installed = await installMachine(machine);
  const done = spawnSync(installed.options.nvidiaSmi, args, { encoding: 'utf8' });
  return { out: done.stdout, exitCode: done.status };
}

describe('the fake nvidia-smi against the captured one', () => {
  it.each([
    ['query.csv', [`--query-gpu=${FIELDS}`, '--format=csv']],
    ['query-bad-field.csv', ['--query-gpu=not.a.field', '--format=csv']],
    ['query-bad-index.csv', ['--query-gpu=index', '--format=csv', '-i', '9']],
    ['apps.csv', ['--query-compute-apps=pid,process_name,used_gpu_memory', '--format=csv']],
  ])('says what is in %s, to the byte, with the same exit status', async (name, args) => {
    expect(await run(oneH100, ...args)).toEqual({ out: h100Capture(name), exitCode: exitOf(name) });
  });

  it('takes units and header away as the real one does', async () => {
    const { out } = await run(oneH100, `--query-gpu=${FIELDS}`, '--format=csv,noheader,nounits');

    // The two captures are of different moments: only the readings may differ.
    const stable = (text: string): unknown =>
      text.split(', ').map((cell, index) => (index >= 12 && index <= 19 ? Number.isNaN(Number(cell)) : cell));
    expect(stable(out)).toEqual(stable(h100Capture('query-nounits.csv')));
  });

  it('lists a process as the real one does', async () => {
    const apps = [{ pid: '565', process_name: 'python3', used_gpu_memory: '1002 MiB' }];
    const machine = { ...oneH100, smi: { devices: oneH100.smi?.devices ?? [], apps } };

    const { out } = await run(machine, '--query-compute-apps=pid,process_name,used_gpu_memory', '--format=csv');

    expect(out).toBe(h100Capture('busy-apps.csv'));
  });

  it('knows only fields that the real one lists', () => {
    const listed = new Set(
      [...h100Capture('smi-help-query.txt').matchAll(/^"([^"]+)"(?: or "([^"]+)")?/gm)].flatMap((match) =>
        match.slice(1),
      ),
    );

    for (const field of Object.keys(oneH100.smi?.devices[0] ?? {})) expect(listed).toContain(field);
  });
});

describe('the fake nvidia-smi', () => {
  it('keeps the order of the fields asked for', async () => {
    const { out } = await run(oneH100, '--query-gpu=name,index', '--format=csv');

    expect(out).toBe('name, index\nNVIDIA H100 80GB HBM3, 0\n');
  });

  it('answers about one device by index, by address in either spelling, and by UUID', async () => {
    const third = eightH100.smi?.devices[2] ?? {};

    for (const id of ['2', '00000000:3A:00.0', '0000:3a:00.0', third['uuid'] ?? '']) {
      const { out } = await run(eightH100, '--query-gpu=index', '--format=csv,noheader', '-i', id);

      expect(out).toBe('2\n');
    }
  });

  it.each([[['--query-gpu=index']], [['--format=csv']], [['--query-gpu=index', '--format=xml']], [['--made-up']]])(
    'refuses %j',
    async (args) => {
      const { out, exitCode } = await run(oneH100, ...args);

      expect(out).toMatch(/^Invalid combination/);
      expect(exitCode).toBe(2);
    },
  );

  it('shows slices only in its XML', async () => {
    const { out } = await run(a100Mig, '-q', '-x', '-i', '0000:3b:00.0');

    expect(out.match(/<mig_device>/g)).toHaveLength(2);
  });
});
