import { failedSources, gpusAreCertain } from '../../hardware/failed-sources.ts';
import type { Inventory } from '../../hardware/inventory.ts';
import type { ArchitectureRow } from '../../hardware/kernels.data.ts';
import { type LabelFacts, type LabelProblem, labelsOf } from '../../hardware/labels.ts';
import { builtin } from '../../kube/objects/builtin-resources.ts';
import type { KubeObject } from '../../kube/objects/object.ts';
import type { KubeClient } from '../../kube/rest/kube-client.ts';
import { sleep } from '../../kube/time/clock.ts';
import { withPrefix } from '../report.ts';
import { LabelAbsences } from './absences.ts';
import { factsOfNode } from './node-facts.ts';
import { type LabelPlan, planLabels } from './plan.ts';
import { verdictOn, type WriteResult } from './write-result.ts';

export interface LabellerOptions {
  /** Its clock and random numbers are used as well. */
  readonly client: KubeClient;
  readonly nodeName: string;
  readonly prefix: string;
  readonly overwrite?: boolean;
  /** Plan, tell, and write nothing. */
  readonly dryRun?: boolean;
  readonly architectures?: readonly ArchitectureRow[];
  readonly on?: Partial<LabellerEvents>;
}

export interface LabellerEvents {
  readonly wrote: (result: WriteResult, detail: string) => void;
  /** Keys that hold somebody else's value, told once for each key until it has changed. */
  readonly conflicts: (keys: readonly string[]) => void;
  readonly planned: (plan: LabelPlan) => void;
  readonly problems: (problems: readonly LabelProblem[]) => void;
}

/** One look at the machine, raw and as it may be relied on. */
export interface LabelSource {
  readonly seen: Inventory;
  readonly steady: Inventory;
}

const VERIFY_MS = 600_000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 300_000;
/** A Node's status changes every few seconds at worst, so meeting three changes in a row means something else. */
const REREADS = 3;

/**
 * Keeps the labels of one Node true. Reads the Node at the start, every ten minutes and before a write; writes only what
 * differs, in one patch that holds for exactly the Node that was read; and lets failures wait longer and longer.
 */
export class NodeLabeller {
  readonly #options: LabellerOptions;
  readonly #absences = new LabelAbsences();
  readonly #written = new Set<string>();
  #source: LabelSource | undefined;
  #handled = true;
  #node: KubeObject | undefined;
  #verifyAtMs = 0;
  #notBeforeMs = 0;
  #failures = 0;
  #conflicts: ReadonlySet<string> = new Set();
  #wake: () => void = () => undefined;

  constructor(options: LabellerOptions) {
    this.#options = options;
  }

  /** Tells of a new look. */
  offer(source: LabelSource): void {
    const { labels } = labelsOf(source.seen, this.facts);
    this.#absences.observe({
      labels,
      gpusCertain: gpusAreCertain(source.steady),
      cpuCertain: !failedSources(source.seen).has('cpu'),
    });
    this.#source = source;
    this.#handled = false;
    this.#wake();
  }

  /** Works until the signal aborts; then resolves. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await this.#isDue(signal)) await this.attempt(signal);
    }
  }

  /** Brings the Node up to date with the latest look, if need be. What failed is told and tried again later. */
  async attempt(signal: AbortSignal): Promise<WriteResult | undefined> {
    this.#handled = true;
    try {
      const result = await this.#reconcile(signal);
      this.#failures = 0;
      return result;
    } catch (error) {
      return this.#failed(error);
    }
  }

  get #clock() {
    return this.#options.client.caller.clock;
  }

  async #reconcile(signal: AbortSignal): Promise<WriteResult | undefined> {
    const source = this.#source;
    if (source === undefined) return undefined;
    let fresh = false;
    if (this.#node === undefined || this.#clock.monotonicMs() >= this.#verifyAtMs) {
      await this.#read(signal);
      fresh = true;
    }
    for (let reads = 1; ; reads += 1) {
      const plan = this.#plan(source);
      if (plan === undefined) return undefined;
      if (plan.patch === undefined || this.#options.dryRun === true) {
        this.#accept(plan);
        return undefined;
      }
      if (!fresh) {
        await this.#read(signal);
        fresh = true;
        continue;
      }
      try {
        await this.#write(plan.patch, signal);
        this.#accept(plan);
        for (const key of plan.owned) this.#written.add(key);
        this.#options.on?.wrote?.('success', '');
        return 'success';
      } catch (error) {
        if (verdictOn(error).result !== 'conflict' || reads >= REREADS) throw error;
        this.#options.on?.wrote?.('conflict', 'the Node has changed meanwhile; reading it again');
        fresh = false;
      }
    }
  }

  #plan(source: LabelSource): LabelPlan | undefined {
    if (this.#node === undefined) return undefined;
    const { prefix, overwrite = false } = this.#options;
    const { labels, problems } = labelsOf(source.steady, this.facts);
    this.#options.on?.problems?.(problems);
    const plan = planLabels(
      { labels: this.#node.metadata.labels ?? {}, annotations: this.#node.metadata.annotations ?? {} },
      {
        labels: withPrefix(labels, prefix),
        prefix,
        overwrite,
        mayRemove: (name) => this.#absences.mayRemove(name),
        mayChange: (name) => this.#absences.mayChange(name),
        written: this.#written,
      },
    );
    this.#options.on?.planned?.(plan);
    return plan;
  }

  /** What the Node told when it was last read, beside the operator's table. */
  get facts(): LabelFacts {
    const { architectures = [] } = this.#options;
    return { ...(this.#node === undefined ? {} : factsOfNode(this.#node)), architectures };
  }

  #accept(plan: LabelPlan): void {
    const news = plan.conflicts.filter((key) => !this.#conflicts.has(key));
    this.#conflicts = new Set(plan.conflicts);
    if (news.length > 0) this.#options.on?.conflicts?.(news);
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { client, nodeName } = this.#options;
    this.#node = await client.get(builtin.nodes, { name: nodeName }, { signal });
    // Agents that started together must not go on asking together.
    this.#verifyAtMs = this.#clock.monotonicMs() + VERIFY_MS * (0.75 + client.caller.random() / 2);
  }

  async #write(patch: { readonly metadata: object }, signal: AbortSignal): Promise<void> {
    const { client, nodeName } = this.#options;
    // With the version read, the patch fails rather than overwrite what somebody has set in between.
    const metadata = { ...patch.metadata, resourceVersion: this.#node?.metadata.resourceVersion };
    this.#node = await client.mergePatch(
      builtin.nodes,
      { name: nodeName },
      { metadata },
      { signal, fieldManager: 'flexinfer-agent' },
    );
  }

  #failed(error: unknown): WriteResult {
    const { result, hopeless, retryAfterMs } = verdictOn(error);
    this.#failures += 1;
    // What was read before the failure may be why it failed.
    this.#node = undefined;
    const ceilingMs = hopeless ? LONGEST_RETRY_MS : Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    const floorMs = hopeless ? LONGEST_RETRY_MS / 2 : FIRST_RETRY_MS;
    const jitterMs = this.#options.client.caller.random() * (ceilingMs - floorMs);
    this.#notBeforeMs = this.#clock.monotonicMs() + Math.max(retryAfterMs, floorMs + jitterMs);
    this.#handled = false;
    this.#options.on?.wrote?.(result, error instanceof Error ? error.message : String(error));
    return result;
  }

  /** Waits until there may be something to do; false when it was only woken. */
  async #isDue(signal: AbortSignal): Promise<boolean> {
    const nowMs = this.#clock.monotonicMs();
    const waitsForLook = this.#source === undefined;
    const dueMs = this.#handled ? this.#verifyAtMs : this.#notBeforeMs;
    if (!waitsForLook && nowMs >= dueMs) return true;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    try {
      const delayMs = waitsForLook ? VERIFY_MS : dueMs - nowMs;
      await sleep(this.#clock, delayMs, AbortSignal.any([signal, woken.signal]));
      return !waitsForLook;
    } catch {
      // Told to stop or woken by a look: the caller's loop finds out which.
      return false;
    } finally {
      this.#wake = () => undefined;
    }
  }
}
