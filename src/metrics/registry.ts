import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { MetricDefinition } from './catalogue.ts';

/** A value for every label of the definition, no more and no less. */
export type LabelsOf<D extends MetricDefinition> = Readonly<Record<D['labels'][number], string>>;

export interface GaugeSeries<D extends MetricDefinition> {
  /** `undefined`, NaN and the infinities are unknown: they remove the series. */
  set(labels: LabelsOf<D>, value: number | undefined): void;
  remove(labels: LabelsOf<D>): void;
}

export interface CounterSeries<D extends MetricDefinition> {
  /** Adding 0 makes the series appear, which a rate over it needs. Anything that is not a number ≥ 0 is ignored. */
  add(labels: LabelsOf<D>, amount: number): void;
}

export interface HistogramSeries<D extends MetricDefinition> {
  /** Anything that is not a finite number is ignored. */
  observe(labels: LabelsOf<D>, value: number): void;
}

/** The metrics of one process. Asking twice for one definition gives the same series. */
export class MetricsRegistry {
  readonly #registry = new Registry();
  readonly #gauges = new Map<string, Gauge<string>>();
  readonly #counters = new Map<string, Counter<string>>();
  readonly #histograms = new Map<string, Histogram<string>>();
  readonly #refreshers = new Set<() => void>();

  gauge<const D extends MetricDefinition & { readonly kind: 'gauge' }>(definition: D): GaugeSeries<D> {
    const gauge = entry(this.#gauges, definition.name, () => new Gauge(this.#config(definition)));
    return {
      set: (labels, value) => {
        if (value === undefined || !Number.isFinite(value)) gauge.remove(labels);
        else gauge.set(labels, value);
      },
      remove: (labels) => gauge.remove(labels),
    };
  }

  counter<const D extends MetricDefinition & { readonly kind: 'counter' }>(definition: D): CounterSeries<D> {
    const counter = entry(this.#counters, definition.name, () => new Counter(this.#config(definition)));
    return {
      add: (labels, amount) => {
        if (Number.isFinite(amount) && amount >= 0) counter.inc(labels, amount);
      },
    };
  }

  histogram<const D extends MetricDefinition & { readonly kind: 'histogram' }>(definition: D): HistogramSeries<D> {
    const buckets = definition.buckets === undefined ? {} : { buckets: [...definition.buckets] };
    const make = () => new Histogram({ ...this.#config(definition), ...buckets });
    const histogram = entry(this.#histograms, definition.name, make);
    return {
      observe: (labels, value) => {
        if (Number.isFinite(value)) histogram.observe(labels, value);
      },
    };
  }

  /** `refresh` runs before every scrape and brings gauges up to date. The returned function takes it back. */
  beforeScrape(refresh: () => void): () => void {
    this.#refreshers.add(refresh);
    return () => this.#refreshers.delete(refresh);
  }

  /** The Prometheus text format 0.0.4. */
  async text(): Promise<string> {
    for (const refresh of this.#refreshers) refresh();
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #config(definition: MetricDefinition) {
    return {
      name: definition.name,
      help: definition.help,
      labelNames: [...definition.labels],
      registers: [this.#registry],
    };
  }
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
