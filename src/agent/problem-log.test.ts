import { describe, expect, it } from 'vitest';
import { createLogger } from '../runtime/logger.ts';
import { ProblemLog } from './problem-log.ts';

describe('ProblemLog', () => {
  it('1, 37: tells of a problem once when it comes, and once when it goes', () => {
    const lines: string[] = [];
    const log = new ProblemLog(
      createLogger({ program: 'test', destination: { write: (line) => void lines.push(line) } }),
    );
    const absent = { source: 'nvidia', reason: 'tool_absent', detail: 'nvidia-smi was not found' };

    for (const problems of [[absent], [absent], [{ ...absent, detail: 'in other words' }], [], []]) log.tell(problems);

    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'hardware problem',
      'hardware problem is gone',
    ]);
  });
});
