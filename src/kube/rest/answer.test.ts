import { describe, expect, it } from 'vitest';
import { resource } from '../objects/resource.ts';
import { objectOfAnswer, pageOfAnswer } from './answer.ts';

const deployments = resource('apps/v1', 'Deployment', 'deployments');
const bare = { metadata: { name: 'a' }, spec: { x: 1 } };
const badAnswer = expect.objectContaining({ reason: 'BadAnswer' }) as Error;

describe('an object in an answer', () => {
  it('gets the version and kind that lists leave out, and keeps its own', () => {
    const full = { ...bare, apiVersion: 'autoscaling/v1', kind: 'Scale' };

    expect(objectOfAnswer(bare, deployments, 'x')).toEqual({ ...bare, apiVersion: 'apps/v1', kind: 'Deployment' });
    expect(objectOfAnswer(full, deployments, 'x')).toBe(full);
  });

  it.each([null, [], 'text', {}, { metadata: null }, { metadata: { name: 1 } }])('is not %j', (value) => {
    expect(() => objectOfAnswer(value, deployments, 'x')).toThrow(badAnswer);
  });
});

describe('a page', () => {
  it('has items, a version and, if there is more, a token', () => {
    const page = { metadata: { resourceVersion: '5', continue: 'next' }, items: [bare] };

    expect(pageOfAnswer(page, deployments, 'x')).toMatchObject({
      items: [{ kind: 'Deployment', metadata: { name: 'a' } }],
      resourceVersion: '5',
      continueToken: 'next',
    });
    expect(pageOfAnswer({ metadata: { continue: '' }, items: null }, deployments, 'x')).toEqual({
      items: [],
      resourceVersion: '',
      continueToken: undefined,
    });
  });

  it.each([null, {}, { items: [] }, { metadata: {}, items: {} }, { metadata: {}, items: [7] }])(
    'is not %j',
    (value) => {
      expect(() => pageOfAnswer(value, deployments, 'x')).toThrow(badAnswer);
    },
  );
});
