import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANNOTATIONS, NODE_LABELS } from '../../api/names.ts';
import { formatOwnedKeys } from './ownership.ts';
import { type LabelledNode, type LabelWishes, planLabels } from './plan.ts';

const VENDOR = 'flexinfer.ai/gpu.vendor';
const COUNT = 'flexinfer.ai/gpu.count';
const AVX = 'flexinfer.ai/cpu.avx512';
const CLASS = 'flexinfer.ai/device-class';

function node(labels: Readonly<Record<string, string>> = {}, owned?: readonly string[]): LabelledNode {
  return { labels, annotations: owned === undefined ? {} : { [ANNOTATIONS.featureLabels]: formatOwnedKeys(owned) } };
}

function wish(labels: Readonly<Record<string, string>>, change: Partial<LabelWishes> = {}): LabelWishes {
  const always = () => true;
  return {
    labels,
    prefix: 'flexinfer.ai/',
    mayRemove: always,
    mayChange: always,
    written: new Set(),
    overwrite: false,
    ...change,
  };
}

/** The Node after a merge patch. */
function patched(before: LabelledNode, patch: { readonly metadata: object } | undefined): LabelledNode {
  const metadata = (patch?.metadata ?? {}) as Record<string, Record<string, string | null>>;
  const merge = (old: Readonly<Record<string, string>>, change: Readonly<Record<string, string | null>> = {}) =>
    Object.fromEntries(
      Object.entries({ ...old, ...change }).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
    );
  return {
    labels: merge(before.labels, metadata['labels']),
    annotations: merge(before.annotations, metadata['annotations']),
  };
}

describe('planLabels', () => {
  it('writes labels and their ownership in one patch', () => {
    const plan = planLabels(node({ other: 'x' }), wish({ [VENDOR]: 'AMD', [AVX]: 'false' }));

    expect(plan.patch).toEqual({
      metadata: {
        labels: { [VENDOR]: 'AMD', [AVX]: 'false' },
        annotations: { [ANNOTATIONS.featureLabels]: `${AVX},${VENDOR}` },
      },
    });
  });

  it('wants no patch when nothing differs', () => {
    const plan = planLabels(node({ [VENDOR]: 'AMD' }, [VENDOR]), wish({ [VENDOR]: 'AMD' }));

    expect(plan).toMatchObject({ patch: undefined, conflicts: [] });
  });

  it('patches only what differs', () => {
    const plan = planLabels(
      node({ [VENDOR]: 'AMD', [COUNT]: '1' }, [VENDOR, COUNT]),
      wish({ [VENDOR]: 'AMD', [COUNT]: '2' }),
    );

    expect(plan.patch).toEqual({ metadata: { labels: { [COUNT]: '2' } } });
  });

  it('57: restores a label of its own that somebody changed or removed', () => {
    const changed = planLabels(node({ [VENDOR]: 'Acme' }, [VENDOR]), wish({ [VENDOR]: 'AMD' }));
    const removed = planLabels(node({}, [VENDOR]), wish({ [VENDOR]: 'AMD' }));

    expect(changed.patch).toEqual({ metadata: { labels: { [VENDOR]: 'AMD' } } });
    expect(removed.patch).toEqual({ metadata: { labels: { [VENDOR]: 'AMD' } } });
  });

  it('58: leaves a key alone that holds a value of somebody else', () => {
    const plan = planLabels(node({ [VENDOR]: 'Acme' }), wish({ [VENDOR]: 'AMD', [AVX]: 'true' }));

    expect(plan.conflicts).toEqual([VENDOR]);
    expect(plan.owned).toEqual(new Set([AVX]));
    expect(patched(node({ [VENDOR]: 'Acme' }), plan.patch).labels).toEqual({ [VENDOR]: 'Acme', [AVX]: 'true' });
  });

  it('58: takes it over when it is told to', () => {
    const plan = planLabels(node({ [VENDOR]: 'Acme' }), wish({ [VENDOR]: 'AMD' }, { overwrite: true }));

    expect(plan).toMatchObject({ conflicts: [], patch: { metadata: { labels: { [VENDOR]: 'AMD' } } } });
  });

  it('adopts a key that already says what it would say', () => {
    const plan = planLabels(node({ [VENDOR]: 'AMD' }), wish({ [VENDOR]: 'AMD' }));

    expect(plan.patch).toEqual({ metadata: { annotations: { [ANNOTATIONS.featureLabels]: VENDOR } } });
  });

  it('removes its own keys only when their absence is certain', () => {
    const before = node({ [VENDOR]: 'AMD', [AVX]: 'false' }, [VENDOR, AVX]);

    const early = planLabels(before, wish({ [AVX]: 'false' }, { mayRemove: () => false }));
    const late = planLabels(before, wish({ [AVX]: 'false' }));

    expect(early.patch).toBeUndefined();
    expect(late.patch).toEqual({
      metadata: { labels: { [VENDOR]: null }, annotations: { [ANNOTATIONS.featureLabels]: AVX } },
    });
  });

  it('never puts the class of the processor beside labels of a GPU', () => {
    const before = node({ [VENDOR]: 'AMD', [CLASS]: 'amd.x.gfx1100.23g' }, [VENDOR, CLASS]);

    const early = planLabels(before, wish({ [CLASS]: 'cpu.y.v3.8c' }, { mayRemove: () => false }));
    const late = planLabels(before, wish({ [CLASS]: 'cpu.y.v3.8c' }));

    expect(early.patch).toBeUndefined();
    expect(patched(before, late.patch).labels).toEqual({ [CLASS]: 'cpu.y.v3.8c' });
  });

  it('keeps a value as long as too little is known to change it, but adds what is missing', () => {
    const before = node({ [COUNT]: '8' }, [COUNT]);

    const plan = planLabels(before, wish({ [COUNT]: '7', [VENDOR]: 'AMD' }, { mayChange: () => false }));

    expect(patched(before, plan.patch).labels).toEqual({ [COUNT]: '8', [VENDOR]: 'AMD' });
  });

  it('removes what it wrote under a former prefix, and nothing else of that prefix', () => {
    const former = 'old.example.com/gpu.vendor';
    const before = node({ [former]: 'AMD', 'old.example.com/rack': 'r1' }, [former]);

    const plan = planLabels(before, wish({ [VENDOR]: 'AMD' }, { mayRemove: () => false }));

    expect(patched(before, plan.patch).labels).toEqual({ 'old.example.com/rack': 'r1', [VENDOR]: 'AMD' });
  });

  it('59: with the list gone, goes by what it wrote itself, and adopts what it would write anyway', () => {
    const before = node({ [VENDOR]: 'AMD', [COUNT]: '1', [AVX]: 'true' });

    const plan = planLabels(before, wish({ [COUNT]: '1', [AVX]: 'false' }, { written: new Set([VENDOR]) }));

    expect(plan.conflicts).toEqual([AVX]);
    expect(patched(before, plan.patch).labels).toEqual({ [COUNT]: '1', [AVX]: 'true' });
  });

  it('59: deletes nothing foreign, whatever the list says', () => {
    const annotations = { [ANNOTATIONS.featureLabels]: 'kubernetes.io/hostname,example.com/rack' };

    const plan = planLabels(
      { labels: { 'kubernetes.io/hostname': 'n', 'example.com/rack': 'r' }, annotations },
      wish({}),
    );

    expect(plan.patch).toEqual({ metadata: { annotations: { [ANNOTATIONS.featureLabels]: '' } } });
  });

  const anyKey = fc
    .tuple(fc.constantFrom('flexinfer.ai/', 'x.io/'), fc.constantFrom(...Object.values(NODE_LABELS), 'rack'))
    .map((parts) => parts.join(''));
  const anyLabels = fc.dictionary(anyKey, fc.constantFrom('1', '2'), { maxKeys: 8 });

  it('never touches a key that it neither owns nor wants, and is content with what it wrote', () => {
    fc.assert(
      fc.property(anyLabels, fc.array(anyKey), anyLabels, fc.boolean(), (labels, owned, wanted, overwrite) => {
        const wishes = wish(
          Object.fromEntries(Object.entries(wanted).filter(([key]) => key.startsWith('flexinfer.ai/'))),
          { overwrite },
        );
        const before = node(labels, owned);
        const plan = planLabels(before, wishes);
        const after = patched(before, plan.patch);

        const foreign = Object.keys(labels).filter((key) => !owned.includes(key) && !(key in wishes.labels));
        expect(foreign.filter((key) => after.labels[key] !== labels[key])).toEqual([]);
        expect(planLabels(after, wishes).patch).toBeUndefined();
      }),
    );
  });
});
