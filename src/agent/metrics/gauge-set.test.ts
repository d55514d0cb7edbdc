import { describe, expect, it } from 'vitest';
import { METRICS } from '../../metrics/catalogue.ts';
import { MetricsRegistry } from '../../metrics/registry.ts';
import { GaugeSet } from './gauge-set.ts';

describe('GaugeSet', () => {
  it('shows the last set and nothing of the one before', async () => {
    const registry = new MetricsRegistry();
    const set = new GaugeSet(registry.gauge(METRICS.gpuTemperature));
    const sample = (gpu: string, value: number | undefined) => ({ labels: { gpu, node: 'n' }, value });

    set.show([sample('0', 40), sample('1', 41)]);
    set.show([sample('1', 42), sample('2', Number.NaN), sample('3', undefined)]);

    const series = (await registry.text()).split('\n').filter((line) => line.startsWith('flexinfer_'));
    expect(series).toEqual(['flexinfer_gpu_temperature_celsius{gpu="1",node="n"} 42']);
  });
});
