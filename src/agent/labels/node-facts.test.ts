import { describe, expect, it } from 'vitest';
import { factsOfNode } from './node-facts.ts';

const node = (status: unknown, annotations: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n', uid: 'n', resourceVersion: '1', annotations },
  status,
});

describe('factsOfNode', () => {
  it.each([
    ['8', 8],
    ['7500m', 7.5],
  ])('reads %s cores', (cpu, cores) => {
    expect(factsOfNode(node({ allocatable: { cpu } }))).toEqual({ allocatableCores: cores });
  });

  it.each([
    undefined,
    null,
    {},
    { allocatable: [] },
    { allocatable: { cpu: 8 } },
    { allocatable: { cpu: 'x' } },
    { allocatable: { cpu: '0' } },
  ])('knows no cores of a status that reads %j', (status) => {
    expect(factsOfNode(node(status))).toEqual({});
  });

  it('reads the class a person chose', () => {
    expect(factsOfNode(node({}, { 'flexinfer.ai/device-class': 'mine' }))).toEqual({ deviceClass: 'mine' });
  });
});
