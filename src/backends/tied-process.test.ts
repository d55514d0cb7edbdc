import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { signalGroup, spawnTied } from './tied-process.ts';

async function outputOf(command: string, args: readonly string[]): Promise<[string, number | null]> {
  const child = spawnTied(command, args, { PATH: '/usr/bin:/bin' });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  return [output, child.exitCode];
}

describe('spawnTied', () => {
  it('becomes the program itself, in a process group of its own, with nothing on standard input', async () => {
    const child = spawnTied('/bin/sh', ['-c', 'cat; echo $$; ps -o pgid= -p $$; exec sleep 60'], {
      PATH: '/usr/bin:/bin',
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await expect.poll(() => output.trim().split(/\s+/)).toHaveLength(2);

    const exit = once(child, 'exit');
    signalGroup(child.pid ?? 0, 'SIGTERM');

    expect(output.trim().split(/\s+/)).toEqual([String(child.pid), String(child.pid)]);
    expect(await exit).toEqual([null, 'SIGTERM']);
  });

  it('passes every word through, and the exit code back', async () => {
    const [output, code] = await outputOf('/bin/sh', [
      '-c',
      'printf "%s|" "$@"; exit 5',
      'sh',
      'a b',
      '$(id)',
      '-x',
      '',
    ]);

    expect(output).toBe('a b|$(id)|-x||');
    expect(code).toBe(5);
  });

  it('ends like a shell would when there is no such program', async () => {
    expect((await outputOf('/nonexistent', []))[1]).toBe(127);
  });
});

describe('signalGroup', () => {
  it('does not mind a group that is gone', async () => {
    const child = spawnTied('/bin/true', [], {});
    await once(child, 'exit');

    expect(() => signalGroup(child.pid ?? 0, 'SIGKILL')).not.toThrow();
  });
});
