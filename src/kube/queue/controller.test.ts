import { describe, expect, it } from 'vitest';
import { KubeError } from '../rest/kube-error.ts';
import { ManualClock, settle } from '../time/manual-clock.fake.ts';
import { type ControllerOptions, type ReconcileReport, runController, TerminalError } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

function start(reconcile: ControllerOptions['reconcile'], more: Partial<ControllerOptions> = {}) {
  const clock = new ManualClock();
  const queue = new WorkQueue({ clock });
  const stop = new AbortController();
  const reports: ReconcileReport[] = [];
  const options = {
    name: 'test',
    queue,
    reconcile,
    onReconciled: (report: ReconcileReport) => reports.push(report),
    monotonicMs: clock.monotonicMs,
    ...more,
  };
  const running = runController(options, stop.signal);
  return { clock, queue, stop, reports, running };
}

describe('runController', () => {
  it('tries a failed key again, later each time, and forgets its failures with the first success', async () => {
    let failures = 3;
    const { clock, queue, stop, reports, running } = start(async () => {
      if (failures-- > 0) throw new Error('not yet');
      return undefined;
    });

    queue.add('a');
    await clock.advance(5 + 10 + 20);
    stop.abort();
    await running;

    expect(reports.map(({ outcome, failures }) => `${outcome} ${failures}`)).toEqual([
      'error 1',
      'error 2',
      'error 3',
      'success 0',
    ]);
    expect(queue.failures('a')).toBe(0);
  });

  it('does not try a terminal failure again, only the next change', async () => {
    const { clock, queue, stop, reports, running } = start(async () => {
      throw new TerminalError('makes no sense');
    });

    queue.add('a');
    await clock.advance(10_000_000);
    expect(reports.map((report) => report.outcome)).toEqual(['terminalError']);
    queue.add('a');
    await settle();
    stop.abort();
    await running;

    expect(reports).toHaveLength(2);
  });

  it('comes back after the time that a result asks for', async () => {
    let runs = 0;
    const { clock, queue, stop, running } = start(async () => {
      runs += 1;
      return { requeueAfterMs: 60_000 };
    });

    queue.add('a');
    await clock.advance(59_999);
    expect(runs).toBe(1);
    await clock.advance(1);
    stop.abort();
    await running;

    expect(runs).toBe(2);
  });

  it('waits at least as long as the API server asked for', async () => {
    let runs = 0;
    const { clock, queue, stop, running } = start(async () => {
      runs += 1;
      throw new KubeError('slow down', { reason: 'TooManyRequests', code: 429, retryAfterMs: 7_000 });
    });

    queue.add('a');
    await clock.advance(6_999);
    expect(runs).toBe(1);
    await clock.advance(1);
    stop.abort();
    await running;

    expect(runs).toBe(2);
  });

  it('works on as many keys at once as it has workers, and on one key never twice', async () => {
    const finish: (() => void)[] = [];
    const working: string[] = [];
    const { queue, stop, running } = start(
      (key) => {
        working.push(key);
        return new Promise((resolve) => finish.push(() => resolve(undefined)));
      },
      { workers: 2 },
    );

    for (const key of ['a', 'b', 'c', 'a']) queue.add(key);
    await settle();
    queue.add('a');
    await settle();
    expect(working).toEqual(['a', 'b']);
    finish.shift()?.();
    await settle();
    expect(working).toEqual(['a', 'b', 'c']);
    stop.abort();
    for (const each of finish) each();
    await running;

    expect(working).toEqual(['a', 'b', 'c']);
  });

  it('takes no key before its informers have synced, and ends when it is told so before that', async () => {
    let sync = (): void => undefined;
    const synced = new Promise<void>((resolve) => {
      sync = resolve;
    });
    const informers = [{ waitForSync: () => synced }];
    let runs = 0;
    const ready = start(
      async () => {
        runs += 1;
        return undefined;
      },
      { informers },
    );
    ready.queue.add('a');
    await settle();
    expect(runs).toBe(0);
    sync();
    await settle();
    expect(runs).toBe(1);
    ready.stop.abort();
    await ready.running;

    const never = {
      waitForSync: (signal: AbortSignal) =>
        new Promise<void>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    };
    const early = start(async () => undefined, { informers: [never] });
    early.stop.abort();
    await expect(early.running).resolves.toBeUndefined();
  });

  it('does not count what was interrupted by the end as a failure', async () => {
    const { queue, stop, reports, running } = start(
      (_, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );

    queue.add('a');
    await settle();
    stop.abort();
    await running;

    expect(reports).toEqual([]);
    expect(queue.failures('a')).toBe(0);
  });
});
