import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { modelDeploymentCrd } from './crd.ts';
import type { StructuralSchema } from './structural-schema.ts';

const crdShape = z.object({
  spec: z.object({
    versions: z.tuple([
      z.object({
        additionalPrinterColumns: z.array(z.object({ name: z.string(), jsonPath: z.string() })),
        subresources: z.object({ scale: z.record(z.string(), z.string()) }),
        schema: z.object({ openAPIV3Schema: z.custom<StructuralSchema>((value) => typeof value === 'object') }),
      }),
    ]),
  }),
});
const [version] = crdShape.parse(modelDeploymentCrd()).spec.versions;
const root = version.schema.openAPIV3Schema;

/** Every place of a schema, with its path. */
function places(schema: StructuralSchema, path = ''): readonly (readonly [string, StructuralSchema])[] {
  const inside = Object.entries(schema.properties ?? {}).flatMap(([name, each]) => places(each, `${path}.${name}`));
  const items = schema.items === undefined ? [] : places(schema.items, `${path}[]`);
  return [[path, schema], ...inside, ...items];
}

const below = places(root).filter(([path]) => /^\.(spec|status)/.test(path));

describe('the CRD of ModelDeployment', () => {
  it('bounds every string, list and map, as the cost limit of rules demands', () => {
    const unbounded = below.filter(
      ([, schema]) =>
        (schema.type === 'string' && schema['enum'] === undefined && schema['maxLength'] === undefined) ||
        (schema.type === 'array' && schema['maxItems'] === undefined) ||
        (schema['additionalProperties'] !== undefined && schema['maxProperties'] === undefined),
    );

    expect(unbounded.map(([path]) => path)).toEqual([]);
  });

  it('explains every field', () => {
    const silent = below.filter(([path, schema]) => !path.endsWith('[]') && schema.description === undefined);

    expect(silent.map(([path]) => path)).toEqual([]);
  });

  it('ends every explanation as a sentence', () => {
    const open = below.filter(([, schema]) => schema.description?.endsWith('.') === false);

    expect(open.map(([path]) => path)).toEqual([]);
  });

  it('shows only fields there are, in columns and to autoscalers', () => {
    const paths = new Set(places(root).map(([path]) => path));
    const shown = [
      ...version.additionalPrinterColumns.map((column) => column.jsonPath),
      ...Object.values(version.subresources.scale),
    ];

    const unknown = shown
      .map((path) => path.replaceAll(/\[[^\]]*\]/g, '[]'))
      .filter((path) => path !== '.metadata.creationTimestamp' && !paths.has(path));

    expect(unknown).toEqual([]);
  });

  it('points every rule at a field there is', () => {
    const paths = new Set(places(root).map(([path]) => path));
    const rules = z.array(z.object({ fieldPath: z.string().optional() }));

    const lost = places(root).flatMap(([path, schema]) =>
      rules
        .parse(schema['x-kubernetes-validations'] ?? [])
        .flatMap(({ fieldPath }) => (fieldPath === undefined ? [] : [`${path}${fieldPath}`])),
    );

    expect(lost.length).toBeGreaterThan(5);
    expect(lost.filter((path) => !paths.has(path))).toEqual([]);
  });

  it('lets the API server keep its own rules for metadata, but for the length and form of the name', () => {
    expect(root.properties?.['metadata']).toEqual({
      type: 'object',
      properties: { name: { type: 'string', maxLength: 40 } },
    });
    expect(JSON.stringify(root['x-kubernetes-validations'])).toContain('self.metadata.name.matches');
  });
});
