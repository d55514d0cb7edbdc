import { KubeError } from '../rest/kube-error.ts';
import type { WorkQueue } from './work-queue.ts';

/** What a reconciliation wants next. Nothing: wait for the next change. */
export interface ReconcileResult {
  /** Come back after so long, change or not; forgets earlier failures. */
  readonly requeueAfterMs?: number;
}

/** A failure that trying again cannot mend, as a spec that makes no sense: the key waits for its next change. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** How one reconciliation ended, for logs and metrics. */
export interface ReconcileReport {
  readonly controller: string;
  readonly key: string;
  readonly outcome: 'success' | 'requeueAfter' | 'error' | 'terminalError';
  readonly durationMs: number;
  readonly error?: unknown;
  /** Failures of this key in a row, this one included. */
  readonly failures: number;
}

export interface ControllerOptions {
  /** In reports. */
  readonly name: string;
  readonly queue: WorkQueue;
  /**
   * Brings the world closer to what the object of `key` asks for. It looks at the present state only, never at the
   * event that led here, and may be called again at any time. Never called twice at once for one key.
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<ReconcileResult | undefined>;
  /** Keys worked on at once; default 1. */
  readonly workers?: number;
  /** No key is taken before all of these have synced. */
  readonly informers?: readonly { readonly waitForSync: (signal: AbortSignal) => Promise<void> }[];
  readonly onReconciled?: (report: ReconcileReport) => void;
  readonly monotonicMs?: () => number;
}

/**
 * Takes keys from the queue until the signal aborts, then waits for the reconciliations that still run (they have the
 * same signal) and resolves. A failed key comes back later and later, a terminally failed one does not.
 */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { queue, informers = [], workers = 1 } = options;
  const stop = () => queue.shutDown();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.all(informers.map((informer) => informer.waitForSync(signal)));
  } catch (error) {
    if (!signal.aborted) throw error;
    return;
  }
  await Promise.all(Array.from({ length: workers }, () => work(options, signal)));
}

async function work(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { queue } = options;
  for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
    try {
      if (!signal.aborted) await reconcileOne(options, key, signal);
    } finally {
      queue.done(key);
    }
  }
}

async function reconcileOne(options: ControllerOptions, key: string, signal: AbortSignal): Promise<void> {
  const { queue, reconcile, name: controller, monotonicMs = () => performance.now() } = options;
  const startedMs = monotonicMs();
  const report = (outcome: ReconcileReport['outcome'], failures: number, error?: unknown) =>
    options.onReconciled?.({ controller, key, outcome, failures, error, durationMs: monotonicMs() - startedMs });
  let result: ReconcileResult | undefined;
  try {
    result = await reconcile(key, signal);
  } catch (error) {
    if (signal.aborted) return;
    const terminal = error instanceof TerminalError;
    if (!terminal) queue.addRateLimited(key, error instanceof KubeError ? error.retryAfterMs : 0);
    const failures = queue.failures(key) + (terminal ? 1 : 0);
    if (terminal) queue.forget(key);
    report(terminal ? 'terminalError' : 'error', failures, error);
    return;
  }
  queue.forget(key);
  if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs);
  report(result?.requeueAfterMs === undefined ? 'success' : 'requeueAfter', 0);
}
