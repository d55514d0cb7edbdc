import { describe, expect, it } from 'vitest';
import { freeze } from './freeze.ts';
import { sharingTexts, withoutManagedFields, withoutNodeImages } from './transforms.ts';

const node = () => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: 'n',
    uid: 'u',
    resourceVersion: '1',
    managedFields: [{ manager: 'kubelet' }],
    annotations: { a: 'b', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
  },
  status: { images: [{ names: ['x'] }], phase: 'long enough to share', list: ['long enough to share', 1, null, true] },
});

describe('transforms', () => {
  it('drop what nobody reads, keep the rest and leave their argument alone', () => {
    const before = freeze(node());

    const after = withoutNodeImages(withoutManagedFields(before));

    const { images: _, ...status } = node().status;
    expect(after).toEqual({
      ...node(),
      metadata: { name: 'n', uid: 'u', resourceVersion: '1', annotations: { a: 'b' } },
      status,
    });
    expect(before).toEqual(node());
  });

  it('invent no fields that were not there', () => {
    const bare = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', uid: 'u', resourceVersion: '1' } };

    expect(withoutNodeImages(withoutManagedFields(bare))).toStrictEqual(bare);
  });

  it('share texts without changing a value', () => {
    const share = sharingTexts();

    expect(share(node())).toStrictEqual(node());
    expect(share(node())).toStrictEqual(node());
  });
});

describe('freeze', () => {
  it('makes every level unchangeable', () => {
    const frozen = freeze(node());

    expect(() => {
      frozen.metadata.annotations.a = 'c';
    }).toThrow(TypeError);
    expect(() => frozen.status.list.push(1)).toThrow(TypeError);
  });
});
