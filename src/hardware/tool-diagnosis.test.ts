import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diagnoseTool, findTool, isForeign, toolSearchPath } from './tool-diagnosis.ts';

let home = '';

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'flexinfer-diagnosis-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** The head of a program for another machine: s390x, big-endian, which nobody runs these tests on. */
function foreignElf(): Buffer {
  const head = Buffer.alloc(64);
  head.write('\x7fELF', 'latin1');
  head[4] = 2;
  head[5] = 2;
  head.writeUInt16BE(22, 18);
  return head;
}

describe('isForeign', () => {
  it('knows its own programs, and scripts, from those of another processor', async () => {
    const path = join(home, 'tool');
    await writeFile(path, foreignElf());

    expect(await isForeign(path)).toBe(true);
    expect(await isForeign(process.execPath)).toBe(false);
    expect(await isForeign(join(home, 'absent'))).toBe(false);
    expect(await isForeign(home)).toBe(false);
  });
});

describe('diagnoseTool', () => {
  it('blames the processor when the program is made for another one', async () => {
    const path = join(home, 'tool');
    await writeFile(path, foreignElf(), { mode: 0o755 });

    const { reason, detail } = await diagnoseTool(path, Object.assign(new Error('spawn'), { code: 'ENOENT' }));

    expect(reason).toBe('tool_not_runnable');
    expect(detail).toContain('another processor');
  });

  it('passes an unexpected cause on', async () => {
    const { reason, detail } = await diagnoseTool(
      process.execPath,
      Object.assign(new Error('spawn'), { code: 'EMFILE' }),
    );

    expect(reason).toBe('tool_failed_to_start');
    expect(detail).toContain('EMFILE');
  });
});

describe('toolSearchPath', () => {
  it('puts the drivers’ own places behind PATH', () => {
    const path = toolSearchPath();

    expect(path.startsWith(process.env['PATH'] ?? '')).toBe(true);
    expect(path.split(':')).toContain('/usr/local/nvidia/bin');
  });
});

describe('findTool', () => {
  it('looks on the search path for a bare name only', async () => {
    expect(await findTool('sh')).toMatch(/\/sh$/);
    expect(await findTool(join(home, 'sh'))).toBeUndefined();
  });
});
