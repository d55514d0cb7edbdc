import { describe, expect, it } from 'vitest';
import { METRICS } from './catalogue.ts';

describe('the metric catalogue', () => {
  const definitions = Object.values(METRICS);

  it('has no name twice', () => {
    const names = definitions.map((each) => each.name);

    expect(new Set(names).size).toBe(names.length);
  });

  it('ends counters, and only counters, in _total', () => {
    const counters = definitions.filter((each) => each.name.endsWith('_total'));

    expect(counters).toEqual(definitions.filter((each) => each.kind === 'counter'));
  });

  it('keeps the names and labels that dashboards and autoscalers rely on', () => {
    const replica = ['model', 'backend', 'node'];

    expect(METRICS.tokensPerSecond).toMatchObject({ name: 'flexinfer_tokens_per_second', labels: replica });
    expect(METRICS.gateTokens).toMatchObject({ name: 'flexinfer_gate_tokens_total', labels: replica });
    expect(METRICS.gateRequestsInFlight).toMatchObject({ name: 'flexinfer_gate_requests_in_flight', labels: replica });
    expect(METRICS.gateRequestsWaiting).toMatchObject({ name: 'flexinfer_gate_requests_waiting', labels: replica });
  });

  it('uses names and labels that Prometheus accepts', () => {
    for (const { name, labels } of definitions) {
      expect(name).toMatch(/^flexinfer_[a-z_]+$/);
      for (const label of labels) expect(label).toMatch(/^[a-z][a-z_]*$/);
    }
  });
});
