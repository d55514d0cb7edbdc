import type { HardwareProblem } from '../../hardware/inventory.ts';
import type { LabelProblem } from '../../hardware/labels.ts';
import { METRICS } from '../../metrics/catalogue.ts';
import type { MetricsRegistry } from '../../metrics/registry.ts';
import type { Cycle } from '../cycle.ts';
import type { WriteResult } from '../labels/write-result.ts';
import { GaugeSet } from './gauge-set.ts';
import { gpuSamples } from './gpu-samples.ts';

const SOURCES: readonly HardwareProblem['source'][] = ['pci', 'nvidia', 'amd', 'cpu', 'memory'];
const RESULTS: readonly WriteResult[] = ['success', 'conflict', 'forbidden', 'node_gone', 'invalid', 'error'];

/** The agent's metrics. They change when a cycle ends and at no other time: a scrape starts nothing. */
export class AgentMetrics {
  readonly #node: string;
  readonly #registry: MetricsRegistry;
  readonly #gpu;
  readonly #single;
  readonly #errors;
  readonly #writes;
  readonly #conflicts;
  readonly #durations;

  constructor(registry: MetricsRegistry, node: string) {
    this.#node = node;
    this.#registry = registry;
    this.#gpu = {
      temperature: new GaugeSet(registry.gauge(METRICS.gpuTemperature)),
      utilization: new GaugeSet(registry.gauge(METRICS.gpuUtilization)),
      memoryTotal: new GaugeSet(registry.gauge(METRICS.gpuMemoryTotal)),
      memoryUsed: new GaugeSet(registry.gauge(METRICS.gpuMemoryUsed)),
      memoryFree: new GaugeSet(registry.gauge(METRICS.gpuMemoryFree)),
      power: new GaugeSet(registry.gauge(METRICS.gpuPower)),
      powerLimit: new GaugeSet(registry.gauge(METRICS.gpuPowerLimit)),
      info: new GaugeSet(registry.gauge(METRICS.gpuInfo)),
      health: new GaugeSet(registry.gauge(METRICS.gpuHealth)),
    };
    this.#single = {
      cpu: registry.gauge(METRICS.cpuUtilization),
      gpus: registry.gauge(METRICS.agentGpus),
      success: registry.gauge(METRICS.agentProbeSuccess),
      lastSuccess: registry.gauge(METRICS.agentLastSuccess),
    };
    this.#errors = registry.counter(METRICS.agentProbeErrors);
    this.#writes = registry.counter(METRICS.agentLabelWrites);
    this.#conflicts = registry.counter(METRICS.agentLabelConflicts);
    this.#durations = registry.histogram(METRICS.agentProbeDuration);
    for (const result of RESULTS) this.#writes.add({ node, result }, 0);
    this.#conflicts.add({ node }, 0);
  }

  /** Shows what a cycle has found. */
  show(cycle: Cycle): void {
    const node = this.#node;
    const samples = gpuSamples(cycle.inventory.gpus, node);
    this.#gpu.temperature.show(samples.temperature);
    this.#gpu.utilization.show(samples.utilization);
    this.#gpu.memoryTotal.show(samples.memoryTotal);
    this.#gpu.memoryUsed.show(samples.memoryUsed);
    this.#gpu.memoryFree.show(samples.memoryFree);
    this.#gpu.power.show(samples.power);
    this.#gpu.powerLimit.show(samples.powerLimit);
    this.#gpu.info.show(samples.info);
    this.#gpu.health.show(samples.health);
    this.#single.cpu.set({ node }, cycle.cpuUtilization);
    for (const [state, count] of Object.entries(cycle.counts)) this.#single.gpus.set({ node, state }, count);
    for (const source of SOURCES) {
      const success = !cycle.failed.has(source);
      this.#single.success.set({ node, source }, success ? 1 : 0);
      if (success) this.#single.lastSuccess.set({ node, source }, cycle.takenAtMs / 1000);
    }
    for (const { source, reason } of cycle.problems) this.failed(source, reason);
  }

  /** @param reason from the closed list of the source */
  failed(source: HardwareProblem['source'] | LabelProblem['source'], reason: string): void {
    this.#errors.add({ node: this.#node, source, reason }, 1);
  }

  probed(source: HardwareProblem['source'], durationMs: number): void {
    this.#durations.observe({ node: this.#node, source }, durationMs / 1000);
  }

  wrote(result: WriteResult): void {
    this.#writes.add({ node: this.#node, result }, 1);
  }

  conflicted(keys: number): void {
    this.#conflicts.add({ node: this.#node }, keys);
  }

  text(): Promise<string> {
    return this.#registry.text();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
