import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { distinct, formatted, keyed, ruled } from './manifest-rules.ts';
import { structuralSchema } from './structural-schema.ts';

describe('structuralSchema', () => {
  it('keeps types, bounds, defaults and descriptions', () => {
    const schema = z.strictObject({
      name: z.string().min(1).max(10).describe('Who it is.'),
      count: z.int().min(0).max(9).default(3).describe('How many.'),
      ratio: z.number().positive().max(1).optional(),
    });

    expect(structuralSchema(schema)).toEqual({
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 10, description: 'Who it is.' },
        count: {
          type: 'integer',
          format: 'int32',
          minimum: 0,
          maximum: 9,
          default: 3,
          description: 'How many. Default: 3.',
        },
        ratio: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 1 },
      },
    });
  });

  it('drops the bounds of JavaScript from whole numbers that have none of their own', () => {
    expect(structuralSchema(z.int())).toEqual({ type: 'integer', format: 'int64' });
  });

  it('says a pattern in words, as a rule, and not twice', () => {
    const schema = formatted(z.string().max(9), /^a\/b$/, 'is not a/b');

    expect(structuralSchema(schema)).toEqual({
      type: 'string',
      maxLength: 9,
      'x-kubernetes-validations': [{ rule: "self.matches(r'^a/b$')", message: 'is not a/b' }],
    });
  });

  it('carries rules through defaults and optional fields, innermost first', () => {
    const inner = formatted(z.string().max(9), /^a/, 'must start with a');
    const both = ruled(inner, { message: 'must be long', cel: 'self.size() > 3', holds: (text) => text.length > 3 });

    const schema = structuralSchema(z.strictObject({ field: both.default('abcd') }));

    expect(schema.properties?.['field']?.['x-kubernetes-validations']).toEqual([
      { rule: "self.matches(r'^a')", message: 'must start with a' },
      { rule: 'self.size() > 3', message: 'must be long' },
    ]);
  });

  it('tells the API server which lists are sets and which are keyed', () => {
    const schema = structuralSchema(
      z.strictObject({
        set: distinct(z.string().max(1), 2),
        keyed: keyed(z.strictObject({ name: z.string().max(1) }), 'name', 2),
      }),
    );

    expect(schema.properties?.['set']).toMatchObject({ maxItems: 2, 'x-kubernetes-list-type': 'set' });
    expect(schema.properties?.['keyed']).toMatchObject({ 'x-kubernetes-list-map-keys': ['name'] });
  });

  it.each([
    ['a union of types', z.union([z.string(), z.number()])],
    ['a discriminated union', z.discriminatedUnion('t', [z.strictObject({ t: z.literal('a') })])],
    ['anything at all', z.unknown()],
    ['a record with fixed names', z.record(z.enum(['a']), z.string())],
  ])('refuses %s, naming the place', (_what, field) => {
    expect(() => structuralSchema(z.strictObject({ outer: z.strictObject({ field }) }))).toThrow(
      /^\(root\)\.outer\.field/,
    );
  });

  it.each([/^(?=a)/, /^(?!a)/, /(?<=a)b/, /(a)\1/])('refuses %s, which Go does not know', (pattern) => {
    expect(() => structuralSchema(z.string().regex(pattern))).toThrow('Go has no');
  });
});
