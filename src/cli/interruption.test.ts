import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

/** Runs `flexinfer hardware` with a stdout of the test's choice. */
async function hardware(stdout: 'pipe' | number): Promise<{ code: unknown; stderr: string }> {
  const child = spawn(process.execPath, [main, 'hardware'], { stdio: ['ignore', stdout, 'pipe'] });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout?.destroy();
  const [code] = await once(child, 'close');
  return { code, stderr };
}

describe('a command whose output goes nowhere', () => {
  it('ends quietly when its reader has seen enough', async () => {
    const ended = await hardware('pipe');

    expect(ended).toEqual({ code: 0, stderr: '' });
  });

  it('says in one line that the disk is full', async () => {
    const full = openSync('/dev/full', 'w');

    const ended = await hardware(full);

    closeSync(full);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^error\[OUTPUT_FAILED\]: [^\n]*ENOSPC[^\n]*\n$/);
  });
});
