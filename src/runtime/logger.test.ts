import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';

const logged = (write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] => {
  const lines: string[] = [];
  write(createLogger({ program: 'flexinfer-test', destination: { write: (line: string) => lines.push(line) } }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
};

describe('createLogger', () => {
  it('writes one JSON object with level, time and program', () => {
    const [line] = logged((logger) => {
      logger.info({ node: 'n1' }, 'probed');
    });

    expect(line).toMatchObject({ level: 'info', program: 'flexinfer-test', node: 'n1', msg: 'probed' });
    expect(Date.parse(String(line?.['time']))).not.toBeNaN();
  });

  it('hides what must not be logged', () => {
    const [line] = logged((logger) => {
      logger.warn({ token: 'abc', headers: { authorization: 'Bearer abc' } }, 'refused');
    });

    expect(JSON.stringify(line)).not.toContain('abc');
  });

  it('keeps quiet below its level', () => {
    expect(
      logged((logger) => {
        logger.debug({}, 'detail');
      }),
    ).toEqual([]);
  });
});
