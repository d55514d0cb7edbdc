import { messageOf } from '../api/errors.ts';
import type { LabelProblem } from '../hardware/labels.ts';
import { Hardware } from '../hardware/probe-hardware.ts';
import type { Clock, Random } from '../kube/time/clock.ts';
import { sleep } from '../kube/time/clock.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';
import type { Logger } from '../runtime/logger.ts';
import type { CacheKeeper } from './cache/cache-keeper.ts';
import { type Cycle, Observer } from './cycle.ts';
import { Heartbeat } from './heartbeat.ts';
import type { NodeLabeller } from './labels/node-labeller.ts';
import { AgentMetrics } from './metrics/agent-metrics.ts';
import { ProblemLog } from './problem-log.ts';

export interface AgentParts {
  readonly node: string;
  readonly intervalMs: number;
  readonly hostRoot: string;
  readonly nvidiaSmi?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly registry: MetricsRegistry;
  /** Work to be done after each look; must not reject. */
  readonly afterCycle?: () => Promise<void>;
}

/** The agent's life: look, show, label, wait. What it knows is kept here for the server to give out. */
export class Agent {
  readonly metrics: AgentMetrics;
  readonly heartbeat: Heartbeat;
  readonly #parts: AgentParts;
  readonly #observer: Observer;
  readonly #problems: ProblemLog;
  #latest: Cycle | undefined;
  #labelProblems: readonly LabelProblem[] = [];

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.metrics = new AgentMetrics(parts.registry, parts.node);
    this.heartbeat = new Heartbeat(parts.clock, parts.intervalMs);
    this.#problems = new ProblemLog(parts.log);
    const hardware = new Hardware({
      hostRoot: parts.hostRoot,
      ...(parts.nvidiaSmi === undefined ? {} : { nvidiaSmi: parts.nvidiaSmi }),
      onProbed: (source, durationMs) => this.metrics.probed(source, durationMs),
    });
    this.#observer = new Observer(hardware, parts.clock, parts.intervalMs);
  }

  /** The last finished cycle. */
  get latest(): Cycle | undefined {
    return this.#latest;
  }

  /** What the labels could not say; told with the problems of the next look. */
  labelProblems(problems: readonly LabelProblem[]): void {
    this.#labelProblems = problems;
    for (const { source, reason } of problems) this.metrics.failed(source, reason);
  }

  /**
   * Works until the signal aborts. The first look is taken at once; when the others follow, and when the first label is
   * written, is moved by a random part of the interval, so that agents started together do not act together.
   */
  async run(
    signal: AbortSignal,
    labeller: Pick<NodeLabeller, 'offer' | 'run'> | undefined,
    keeper: Pick<CacheKeeper, 'run'> | undefined,
  ): Promise<void> {
    const { clock, random, intervalMs } = this.#parts;
    const work: Promise<void>[] = keeper === undefined ? [] : [keeper.run(signal)];
    try {
      await this.#cycle(signal, labeller);
      await sleep(clock, random() * intervalMs, signal);
      if (labeller !== undefined) work.push(labeller.run(signal));
      for (;;) {
        const startedMs = clock.monotonicMs();
        await this.#cycle(signal, labeller);
        await sleep(clock, Math.max(0, startedMs + intervalMs - clock.monotonicMs()), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await Promise.all(work);
    }
  }

  async #cycle(signal: AbortSignal, labeller: Pick<NodeLabeller, 'offer'> | undefined): Promise<void> {
    try {
      const cycle = await this.#observer.look(signal);
      // A look that was cut short has seen less than there is.
      if (signal.aborted) return;
      this.#latest = cycle;
      this.metrics.show(cycle);
      this.#problems.tell([...cycle.problems, ...this.#labelProblems]);
      labeller?.offer({ seen: cycle.seen, steady: cycle.steady });
      this.heartbeat.beat(cycle);
      await this.#parts.afterCycle?.();
    } catch (error) {
      // Odd hardware never gets here; a fault of our own must not end the loop, and the heartbeat tells of it.
      this.#parts.log.error({ err: messageOf(error) }, 'a look at the hardware failed');
    }
  }
}
