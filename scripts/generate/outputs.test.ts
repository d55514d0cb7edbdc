import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OUTPUTS } from './outputs.ts';

describe('generated files', () => {
  it.each(OUTPUTS)('$path is what the code says; otherwise run npm run generate', ({ path, content }) => {
    const committed = readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8');

    expect(committed).toBe(content());
  });
});
