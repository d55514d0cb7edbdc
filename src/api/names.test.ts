import { describe, expect, it } from 'vitest';
import {
  ANNOTATIONS,
  CONDITION_REASONS,
  CONDITION_TYPES,
  DEFAULT_LABEL_PREFIX,
  NODE_LABELS,
  POD_LABELS,
} from './names.ts';

/** A qualified name of Kubernetes: an optional DNS prefix and at most 63 characters after the slash. */
const qualifiedName = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

describe('the names that FlexInfer writes', () => {
  it.each([
    ...Object.values(NODE_LABELS).map((name) => `${DEFAULT_LABEL_PREFIX}${name}`),
    ...Object.values(ANNOTATIONS),
    ...Object.values(POD_LABELS),
  ])('%s is a valid key', (name) => {
    expect(name).toMatch(qualifiedName);
  });

  it('include the five labels that were promised', () => {
    expect(Object.values(NODE_LABELS)).toEqual(
      expect.arrayContaining(['gpu.vendor', 'gpu.vram', 'gpu.arch', 'gpu.int4', 'cpu.avx512']),
    );
  });

  it.each([...CONDITION_TYPES, ...CONDITION_REASONS])('%s is a valid condition type or reason', (name) => {
    expect(name).toMatch(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/);
  });
});
