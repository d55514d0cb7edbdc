import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceClass } from '../api/device-class.ts';
import { decide, prepare } from './decide.ts';
import type { Fits } from './decision.ts';
import type { Requirement } from './requirement.ts';
import type { FleetSnapshot, MeasuredSpeed, NodeFacts } from './snapshot.ts';
import { A10, EPYC_8, EPYC_16, H100, ODD, T4, XTX } from './testing/classes.ts';
import { gpu, gpuNode, MODEL, measured, NOW_MS, requirement, snapshot } from './testing/fleet.ts';

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const seldom = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });
/** Sane numbers mostly, and whatever a broken source may write. */
const number = (max: number) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.double({ min: 0, max, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY, 1e308, 0) },
  );
const gpuClass = fc.constantFrom(H100, A10, T4, XTX, ODD);
const cpuClass = fc.constantFrom(EPYC_8, EPYC_16);
const name = fc.oneof(fc.stringMatching(/^n[0-9]{1,2}$/), fc.constantFrom('__proto__', 'constructor', ''));

/** Drops the keys whose value is `undefined`: absent and undefined are two things to the types. */
function compact(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const card = fc
  .record({
    totalMiB: optional(number(80_000)),
    freeMiB: optional(number(80_000)),
    utilization: optional(number(1)),
    healthy: fc.boolean(),
  })
  .map((fields) => ({ healthy: fields.healthy, ...compact(fields) }));

const node: fc.Arbitrary<NodeFacts> = fc
  .record({
    name,
    gpuClass: optional(gpuClass),
    gpuVendor: optional(fc.constantFrom('NVIDIA', 'AMD')),
    gpuArch: optional(fc.constantFrom('sm_86', 'gfx1100')),
    gpuInt4: optional(fc.boolean()),
    gpuKernels: optional(fc.subarray(['gguf', 'awq'])),
    gpus: fc.array(card, { maxLength: 3 }),
    cpuClass: optional(cpuClass),
    cpuFreeMiB: optional(number(80_000)),
    cpuTotalMiB: optional(number(80_000)),
    cpuUtilization: optional(number(1)),
    pendingLoad: optional(number(1)),
    observedAtMs: optional(number(2 * NOW_MS)),
    costPerHour: optional(number(20)),
  })
  .map((fields) => ({ name: fields.name, gpus: fields.gpus, ...compact(fields) }));

const speed: fc.Arbitrary<MeasuredSpeed> = fc
  .record({ rate: number(500), samples: fc.integer({ min: 1, max: 5 }), stale: fc.boolean() })
  .map(({ rate, ...rest }) => measured(rate, rest));

const fleet: fc.Arbitrary<FleetSnapshot> = fc.record({
  nodes: fc.uniqueArray(node, { maxLength: 12, selector: (each) => each.name }),
  speeds: fc
    .array(fc.tuple(fc.constantFrom(MODEL, 'other', 'third'), fc.oneof(gpuClass, cpuClass), speed), { maxLength: 12 })
    .map((rows) => {
      const table = new Map<string, Map<DeviceClass, MeasuredSpeed>>();
      for (const [model, deviceClass, value] of rows) {
        table.set(model, (table.get(model) ?? new Map<DeviceClass, MeasuredSpeed>()).set(deviceClass, value));
      }
      return table;
    }),
  nowMs: fc.constant(NOW_MS),
});

const weight = fc.double({ min: 0, max: 1000, noNaN: true });
const wanted: fc.Arbitrary<Requirement> = fc
  .record({
    accelerator: fc.constantFrom('Any', 'GPU', 'CPU'),
    gpus: fc.integer({ min: 1, max: 2 }),
    vramMiBPerGpu: seldom(fc.nat(40_000)),
    cpuMemoryMiB: seldom(fc.nat(40_000)),
    vendors: fc.constantFrom([], [], ['NVIDIA' as const]),
    kernels: fc.constantFrom([], [], ['gguf']),
    int4: fc.constantFrom(false, false, true),
    fit: fc.constantFrom('Enforce', 'Warn'),
    objective: fc.constantFrom('Throughput', 'Cost'),
    minTokensPerSecond: seldom(fc.double({ min: 1, max: 200, noNaN: true })),
    weights: fc
      .record({ tps: weight, util: weight, cost: weight })
      .filter((each) => each.tps + each.util + each.cost > 0),
    weightBytes: optional(fc.integer({ min: 1, max: 1e11 })),
  })
  .map((fields) => ({ ...requirement(), ...compact(fields) }));

const names = optional(fc.array(name, { maxLength: 20 }));

describe('decide, for whatever fleet, requirement and names', () => {
  it('puts every name into exactly one list, and each once', () => {
    fc.assert(
      fc.property(wanted, fleet, names, (need, state, asked) => {
        const { verdicts, ranking, best } = decide(need, state, asked);
        const expected = new Set(asked ?? state.nodes.map((each) => each.name));
        const fitting = verdicts.filter((each) => each.fits);

        expect(verdicts.map((each) => each.node)).toEqual([...expected]);
        expect(new Set(ranking)).toEqual(new Set(fitting));
        expect(ranking).toHaveLength(fitting.length);
        expect(best).toBe(ranking[0]);
      }),
    );
  });

  it('gives integers 0 to 10 in falling order, terms in 0 to 1 and finite scores', () => {
    fc.assert(
      fc.property(wanted, fleet, names, (need, state, asked) => {
        const { ranking } = decide(need, state, asked);

        for (const [index, { step, score, terms }] of ranking.entries()) {
          expect(Number.isInteger(step) && step >= 0 && step <= 10).toBe(true);
          expect(step).toBeLessThanOrEqual(ranking[index - 1]?.step ?? 10);
          expect(Number.isFinite(score)).toBe(true);
          for (const { value, share } of Object.values(terms)) {
            expect(value >= 0 && value <= 1 && Number.isFinite(share)).toBe(true);
          }
        }
        expect(ranking[0]?.step ?? 10).toBe(10);
      }),
    );
  });

  it('answers the same in whatever order nodes, speeds and names come, and every time', () => {
    fc.assert(
      fc.property(wanted, fleet, (need, state) => {
        const reversed = {
          ...state,
          nodes: state.nodes.toReversed(),
          speeds: new Map([...state.speeds].reverse().map(([model, rates]) => [model, new Map([...rates].reverse())])),
        };
        const order = state.nodes.map((each) => each.name);

        const there = decide(need, state, order);
        const back = decide(need, reversed, order.toReversed());

        expect(back.ranking).toEqual(there.ranking);
        expect(back.verdicts.toReversed()).toEqual(there.verdicts);
        expect(decide(need, state, order)).toEqual(there);
      }),
    );
  });

  it('judges a node by itself: asking about fewer changes no verdict but the step', () => {
    fc.assert(
      fc.property(wanted, fleet, names, (need, state, asked) => {
        const all = new Map(decide(need, state).verdicts.map((each) => [each.node, each]));

        for (const verdict of decide(need, state, asked ?? []).verdicts) {
          const alone = all.get(verdict.node);
          expect(alone?.fits ?? false).toBe(verdict.fits);
          expect(scoreOf(alone)).toEqual(scoreOf(verdict));
        }
      }),
    );
  });

  it('lets through only what is measured where there is a floor', () => {
    fc.assert(
      fc.property(wanted, fleet, fc.double({ min: 1, max: 300, noNaN: true }), (need, state, floor) => {
        const { ranking } = decide({ ...need, minTokensPerSecond: floor }, state);

        expect(ranking.every((each) => each.speed.source === 'measured')).toBe(true);
        expect(ranking.every((each) => (each.speed.low ?? 0) >= floor && (each.speed.samples ?? 0) >= 3)).toBe(true);
      }),
    );
  });

  it('gives the same steps and refusals when only those are asked for', () => {
    fc.assert(
      fc.property(wanted, fleet, fc.array(name, { maxLength: 20 }), (need, state, asked) => {
        const placer = prepare(need, state);
        const { ranking, verdicts } = placer.decide(asked);

        expect(new Map(placer.steps(asked))).toEqual(new Map(ranking.map((each) => [each.node, each.step])));
        expect(verdicts.map((each) => placer.refusal(each.node)?.reason)).toEqual(
          verdicts.map((each) => (each.fits ? undefined : each.reason)),
        );
      }),
    );
  });
});

describe('decide, between what is measured and what is not', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const sort = fc.constantFrom(H100, A10, T4, XTX, ODD, undefined);
  const rates = fc.uniqueArray(
    fc.tuple(fc.constantFrom(H100, A10, T4, XTX), fc.double({ min: 0.1, max: 500, noNaN: true })),
    {
      selector: ([deviceClass]) => deviceClass,
    },
  );
  const fleetOfOneKind = fc.array(fc.tuple(sort, share, share), { minLength: 1, maxLength: 14 }).map((rows) =>
    rows.map(([deviceClass, utilization, costPerHour], index): NodeFacts => {
      const { gpuClass: _class, ...rest } = gpuNode(`n${index}`, { gpus: [gpu({ utilization })], costPerHour });
      return deviceClass === undefined ? rest : { ...rest, gpuClass: deviceClass };
    }),
  );

  it('never puts an unknown speed first nor at nothing, nor an estimate more than a step above', () => {
    const preference = fc.record({ tps: fc.double({ min: 0.01, max: 1, noNaN: true }), util: share, cost: share });

    fc.assert(
      fc.property(fleetOfOneKind, rates, preference, (nodes, known, weights) => {
        const { ranking } = decide(requirement({ weights }), snapshot(nodes, known));
        const best = Math.max(-1, ...stepsWith(ranking, 'measured'));
        const unknown = stepsWith(ranking, 'neutral');
        const bound = best === -1 ? 11 : best;

        expect(best === -1 || best >= 9).toBe(true);
        expect(unknown.every((step) => step > 0 && step < bound)).toBe(true);
      }),
    );
  });
});

describe('decide, when one class becomes faster and all else stays', () => {
  const rate = fc.double({ min: 0.1, max: 500, noNaN: true });
  const share = fc.double({ min: 0, max: 1, noNaN: true });

  it('never scores it lower, nor ranks it lower', () => {
    const classes = [H100, A10, T4, XTX];
    const others = fc.array(fc.tuple(rate, share, share), { minLength: 4, maxLength: 4 });
    const weights = fc
      .record({ tps: share, util: share, cost: share })
      .filter((each) => each.tps + each.util + each.cost > 0);

    fc.assert(
      fc.property(others, fc.double({ min: 1, max: 20, noNaN: true }), weights, (rows, factor, preference) => {
        const nodes = rows.map(([, utilization, cost], index) => {
          const deviceClass = classes[index] ?? ODD;
          return gpuNode(deviceClass, { gpuClass: deviceClass, gpus: [gpu({ utilization })], costPerHour: cost });
        });
        const answer = (times: number) => {
          const rates = rows.map(
            ([value], index) => [classes[index] ?? ODD, index === 0 ? value * times : value] as const,
          );
          return decide(requirement({ weights: preference }), snapshot(nodes, rates)).ranking.find(
            (each) => each.node === H100,
          );
        };
        const [slow, fast] = [answer(1), answer(factor)];

        expect((fast?.score ?? 0) - (slow?.score ?? 0)).toBeGreaterThanOrEqual(-1e-12);
        expect((fast?.step ?? 0) - (slow?.step ?? 0)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 300 },
    );
  });
});

function stepsWith(ranking: readonly Fits[], source: Fits['speed']['source']): readonly number[] {
  return ranking.filter((each) => each.speed.source === source).map((each) => each.step);
}

function scoreOf(verdict: ReturnType<typeof decide>['verdicts'][number] | undefined): number | undefined {
  return verdict?.fits === true ? verdict.score : undefined;
}
