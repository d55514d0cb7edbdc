import type { z } from 'zod';
import { type ModelDeployment, modelDeploymentSchema } from './manifest.ts';

/** One thing that is wrong with an object: where, as a path such as `spec.hardware.gpus`, and what. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

export type Validated = { readonly value: ModelDeployment } | { readonly problems: readonly Problem[] };

/** Checks one object against the schema. Every problem is reported, in the order of the fields. */
export function validateModelDeployment(object: unknown): Validated {
  const result = modelDeploymentSchema.safeParse(object);
  if (result.success) return { value: result.data };
  return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, object)) };
}

function problemsOf(issue: z.core.$ZodIssue, root: unknown): Problem[] {
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const known = knownKeys(issue.path);
      const close = closest(key, known);
      const hint = close === undefined ? '' : `; did you mean ${close}?`;
      return { path: pathText([...issue.path, key]), message: `unknown field${hint}` };
    });
  }
  const value = valueAt(root, issue.path);
  if (issue.code === 'invalid_type') {
    const message = value === undefined ? 'is required' : `must be ${article(issue.expected)}, not ${describe(value)}`;
    return [{ path, message }];
  }
  if (issue.code === 'invalid_value') {
    if (value === undefined) return [{ path, message: `is required: ${issue.values.join(', ')}` }];
    const close = typeof value === 'string' ? closest(value, issue.values.map(String)) : undefined;
    const allowed =
      issue.values.length === 1 ? `must be ${String(issue.values[0])}` : `must be one of ${issue.values.join(', ')}`;
    return [
      { path, message: `${allowed}, not ${describe(value)}${close === undefined ? '' : `; did you mean ${close}?`}` },
    ];
  }
  if (issue.code === 'invalid_format') {
    const what = issue.message.startsWith('Invalid') ? 'has a wrong form' : issue.message;
    return [{ path, message: `${describe(value)} ${what}` }];
  }
  if (issue.code === 'too_big' || issue.code === 'too_small') {
    const bound = issue.code === 'too_big' ? issue.maximum : issue.minimum;
    const side = issue.code === 'too_big' ? 'at most' : issue.inclusive === false ? 'more than' : 'at least';
    const unit = issue.origin === 'string' ? ' characters long' : issue.origin === 'array' ? ' entries long' : '';
    return [
      {
        path,
        message: `must be ${side} ${String(bound)}${unit}, not ${unit === '' ? describe(value) : lengthOf(value)}`,
      },
    ];
  }
  return [{ path, message: issue.message }];
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    text += typeof part === 'number' ? `[${part}]` : text === '' ? String(part) : `.${String(part)}`;
  }
  return text === '' ? '(the object)' : text;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** Field names the schema knows at a path, for suggestions. */
function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = modelDeploymentSchema;
  for (const part of path) schema = childSchema(schema, part);
  const shape = shapeOf(unwrap(schema));
  return shape === undefined ? [] : Object.keys(shape);
}

function childSchema(schema: unknown, part: PropertyKey): unknown {
  const inner = unwrap(schema);
  if (typeof part === 'number') return (inner as { element?: unknown } | undefined)?.element;
  return shapeOf(inner)?.[String(part)];
}

/** Steps through optional, default and prefault wrappers. */
function unwrap(schema: unknown): unknown {
  let current = schema as { def?: { innerType?: unknown } } | undefined;
  while (current?.def?.innerType !== undefined) current = current.def.innerType as typeof current;
  return current;
}

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  return (schema as { shape?: Record<string, unknown> } | undefined)?.shape;
}

function article(type: string): string {
  if (type === 'int') return 'a whole number';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `"${value.length > 60 ? `${value.slice(0, 57)}...` : value}"`;
  return JSON.stringify(value) ?? 'nothing';
}

function lengthOf(value: unknown): string {
  return typeof value === 'string' || Array.isArray(value) ? String(value.length) : describe(value);
}

/** The known word nearest to a misspelt one, at most two edits away. */
export function closest(given: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = 3;
  for (const candidate of known) {
    if (candidate.toLowerCase() === given.toLowerCase()) return candidate;
    const distance = editDistance(given.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
