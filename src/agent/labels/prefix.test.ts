import { describe, expect, it } from 'vitest';
import { prefixProblem } from './prefix.ts';

describe('prefixProblem', () => {
  it.each(['flexinfer.ai/', 'gpu/', 'a.b-c.example.com/', `${'a'.repeat(63)}.io/`])('takes %s', (prefix) => {
    expect(prefixProblem(prefix)).toBeUndefined();
  });

  it.each([
    ['', /is empty/],
    ['flexinfer.ai', /does not end with a slash/],
    ['Flexinfer.ai/', /upper-case/],
    ['kubernetes.io/', /reserved/],
    ['node.kubernetes.io/', /reserved/],
    ['k8s.io/', /reserved/],
    ['nvidia.com/', /belongs to the labeller of a vendor/],
    ['gpu.amd.com/', /belongs to the labeller of a vendor/],
    ['a b/', /no DNS name/],
    ['a//', /no DNS name/],
    ['-a.io/', /no DNS name/],
    [`${'a'.repeat(64)}.io/`, /no DNS name/],
    [`${'a.'.repeat(130)}io/`, /no DNS name/],
  ])('55: refuses %j', (prefix, message) => {
    expect(prefixProblem(prefix)).toMatch(message);
  });
});
