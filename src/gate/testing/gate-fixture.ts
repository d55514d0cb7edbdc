import { setTimeout as delay } from 'node:timers/promises';
import { MetricsRegistry } from '../../metrics/registry.ts';
import { systemClock } from '../../runtime/clock.ts';
import { type Gate, startGate } from '../gate.ts';
import type { GateModel, GateOptions } from '../options.ts';
import { FakeEngine } from './fake-engine.ts';

/** A real gate in front of fake engines. */
export interface GateFixture {
  readonly gate: Gate;
  readonly engine: FakeEngine;
  readonly url: string;
  readonly metrics: MetricsRegistry;
  /** A POST with a JSON body: text as it is, anything else as JSON. */
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  /** The value of one series of `/metrics`, `undefined` when it is absent. */
  readonly metric: (name: string, labels: Record<string, string>) => Promise<number | undefined>;
  readonly close: () => Promise<void>;
}

export interface FixtureOptions extends Partial<Omit<GateOptions, 'models' | 'metrics'>> {
  /** Overrides of the one model. */
  readonly model?: Partial<GateModel>;
  /** More models, each with the name as key and their engine. */
  readonly others?: Readonly<Record<string, FakeEngine>>;
  /** Leave the model as it starts: not ready. */
  readonly notReady?: boolean;
}

/** The name clients use in tests; the engine's own is another. */
export const NAME = 'smollm2';
export const ENGINE_MODEL = 'engine/model.gguf';

export async function openGate(options: FixtureOptions = {}): Promise<GateFixture> {
  const { model, others = {}, notReady, ...rest } = options;
  const engine = await new FakeEngine(ENGINE_MODEL).listen();
  const metrics = new MetricsRegistry();
  const base = { backend: 'llamacpp', node: 'node-1' };
  const gate = await startGate({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    metrics,
    ...rest,
    models: [
      { ...base, name: NAME, engineOrigin: engine.origin, engineModel: ENGINE_MODEL, ...model },
      ...Object.entries(others).map(([name, other]) => {
        return { ...base, name, engineOrigin: other.origin, engineModel: other.model };
      }),
    ],
  });
  if (notReady !== true) for (const name of [NAME, ...Object.keys(others)]) gate.markReady(name);
  const { url } = gate.address;
  return {
    gate,
    engine,
    url,
    metrics,
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: (path, headers = {}) => fetch(url + path, { headers }),
    metric: async (name, labels) => {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      for (const line of (await metrics.text()).split('\n')) {
        const [, series, text = '', value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
        if (series === name && wanted.every((each) => text.split(',').includes(each))) return Number(value);
      }
      return undefined;
    },
    close: async () => {
      await gate.close({ graceMs: 0 });
      await Promise.all([engine, ...Object.values(others)].map((each) => each.close()));
    },
  };
}

/** Waits for a condition, at most ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never true: ${condition.toString()}`);
    await delay(5);
  }
}

/** The `error.code` of a refusal; `undefined` when the answer is none. */
export async function codeOf(answer: Response): Promise<string | undefined> {
  const body = (await answer.json()) as { readonly error?: { readonly code?: string } };
  return body.error?.code;
}
