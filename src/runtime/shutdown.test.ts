import { describe, expect, it } from 'vitest';
import { listenForShutdown } from './shutdown.ts';

describe('listenForShutdown', () => {
  it('aborts with a CANCELLED error at the first signal and tells which', () => {
    const seen: string[] = [];
    const shutdown = listenForShutdown((name) => seen.push(name));

    process.emit('SIGTERM');

    expect(shutdown.signal.reason).toMatchObject({ code: 'CANCELLED', message: 'stopped by SIGTERM' });
    expect(seen).toEqual(['SIGTERM']);
    shutdown.dispose();
  });

  it('leaves no listener behind', () => {
    const before = process.listenerCount('SIGINT');
    const shutdown = listenForShutdown();

    shutdown.dispose();

    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});
