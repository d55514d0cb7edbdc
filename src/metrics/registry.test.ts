import { describe, expect, it } from 'vitest';
import { MetricsRegistry } from './registry.ts';

const SPEED = { name: 'flexinfer_test_speed', kind: 'gauge', help: 'Speed.', labels: ['model'] } as const;
const EVENTS = { name: 'flexinfer_test_events_total', kind: 'counter', help: 'Events.', labels: ['model'] } as const;
const DELAY = {
  name: 'flexinfer_test_delay_seconds',
  kind: 'histogram',
  help: 'Delay.',
  labels: ['model'],
  buckets: [0.1, 1],
} as const;

async function samples(registry: MetricsRegistry): Promise<readonly string[]> {
  return (await registry.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('a metrics registry', () => {
  it.each([undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'drops the series of a gauge whose value becomes unknown (%s)',
    async (unknown) => {
      const registry = new MetricsRegistry();
      const gauge = registry.gauge(SPEED);
      gauge.set({ model: 'a' }, 3);
      gauge.set({ model: 'b' }, 0);

      gauge.set({ model: 'a' }, unknown);

      expect(await samples(registry)).toEqual(['flexinfer_test_speed{model="b"} 0']);
    },
  );

  it('shows no series for a metric that was only defined', async () => {
    const registry = new MetricsRegistry();

    registry.gauge(SPEED);
    registry.counter(EVENTS);

    expect(await samples(registry)).toEqual([]);
  });

  it('starts a counter at 0 when 0 is added, and ignores what is no amount', async () => {
    const registry = new MetricsRegistry();
    const counter = registry.counter(EVENTS);

    for (const amount of [0, Number.NaN, -1, Number.POSITIVE_INFINITY]) counter.add({ model: 'a' }, amount);

    expect(await samples(registry)).toEqual(['flexinfer_test_events_total{model="a"} 0']);
  });

  it('gives the same series to everyone who asks for one definition', async () => {
    const registry = new MetricsRegistry();

    registry.counter(EVENTS).add({ model: 'a' }, 1);
    registry.counter(EVENTS).add({ model: 'a' }, 2);

    expect(await samples(registry)).toEqual(['flexinfer_test_events_total{model="a"} 3']);
  });

  it('counts observations in the buckets of the definition', async () => {
    const registry = new MetricsRegistry();
    const histogram = registry.histogram(DELAY);

    histogram.observe({ model: 'a' }, 0.5);
    histogram.observe({ model: 'a' }, Number.NaN);

    expect(await samples(registry)).toEqual([
      'flexinfer_test_delay_seconds_bucket{le="0.1",model="a"} 0',
      'flexinfer_test_delay_seconds_bucket{le="1",model="a"} 1',
      'flexinfer_test_delay_seconds_bucket{le="+Inf",model="a"} 1',
      'flexinfer_test_delay_seconds_sum{model="a"} 0.5',
      'flexinfer_test_delay_seconds_count{model="a"} 1',
    ]);
  });

  it('escapes label values', async () => {
    const registry = new MetricsRegistry();

    registry.gauge(SPEED).set({ model: 'a"b\\c\nd' }, 1);

    expect(await samples(registry)).toEqual(['flexinfer_test_speed{model="a\\"b\\\\c\\nd"} 1']);
  });

  it('refreshes before a scrape until the refresher is taken back', async () => {
    const registry = new MetricsRegistry();
    const gauge = registry.gauge(SPEED);
    let value = 1;
    const stop = registry.beforeScrape(() => gauge.set({ model: 'a' }, value));

    const first = await samples(registry);
    stop();
    value = 2;
    const second = await samples(registry);

    expect([first, second]).toEqual([['flexinfer_test_speed{model="a"} 1'], ['flexinfer_test_speed{model="a"} 1']]);
  });
});
