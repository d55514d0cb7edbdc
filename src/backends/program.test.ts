import { describe, expect, it } from 'vitest';
import { findProgram, outputOf } from './program.ts';

describe('findProgram', () => {
  it('looks through PATH in its order and never into relative folders', async () => {
    expect(await findProgram('sh', '.:/nonexistent:/bin:/usr/bin')).toBe('/bin/sh');
    expect(await findProgram('sh', '.')).toBeUndefined();
    expect(await findProgram('sh', undefined)).toBeUndefined();
  });

  it('takes a name with a slash as a path', async () => {
    expect(await findProgram('/bin/sh', '')).toBe('/bin/sh');
    expect(await findProgram('/bin/nonexistent', '/bin')).toBeUndefined();
  });
});

describe('outputOf', () => {
  it('has both channels, and nothing for a program that fails', async () => {
    expect(await outputOf('/bin/sh', ['-c', 'echo a; echo b >&2'], {})).toBe('a\n\nb\n');
    expect(await outputOf('/bin/sh', ['-c', 'exit 1'], {})).toBeUndefined();
    expect(await outputOf('/nonexistent', [], {})).toBeUndefined();
  });
});
