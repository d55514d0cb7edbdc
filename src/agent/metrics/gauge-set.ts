import type { MetricDefinition } from '../../metrics/catalogue.ts';
import type { GaugeSeries, LabelsOf } from '../../metrics/registry.ts';

/** One value of a gauge. */
export interface Sample<D extends MetricDefinition> {
  readonly labels: LabelsOf<D>;
  readonly value: number | undefined;
}

/** A gauge whose series are replaced as a whole: what is not in the next set is gone. */
export class GaugeSet<D extends MetricDefinition> {
  readonly #gauge: GaugeSeries<D>;
  #shown = new Map<string, LabelsOf<D>>();

  constructor(gauge: GaugeSeries<D>) {
    this.#gauge = gauge;
  }

  show(samples: readonly Sample<D>[]): void {
    const next = new Map<string, LabelsOf<D>>();
    for (const { labels, value } of samples) {
      this.#gauge.set(labels, value);
      if (value !== undefined && Number.isFinite(value)) next.set(JSON.stringify(labels), labels);
    }
    for (const [key, labels] of this.#shown) if (!next.has(key)) this.#gauge.remove(labels);
    this.#shown = next;
  }
}
