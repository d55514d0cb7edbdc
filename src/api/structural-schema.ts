import { z } from 'zod';

/** A schema as a CustomResourceDefinition wants it: "structural", every level with one type of its own. */
export interface StructuralSchema {
  readonly type: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly items?: StructuralSchema;
  readonly [keyword: string]: unknown;
}

/** Keywords of zod's output that a CRD takes as they are. */
const KEPT = new Set([
  'type',
  'description',
  'default',
  'enum',
  'format',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'pattern',
  'required',
  'nullable',
]);
const EXTENSION = 'x-kubernetes-';
const INT32_MAX = 2_147_483_647;

type Json = Readonly<Record<string, unknown>>;

/**
 * The structural schema of what a person may write for `schema`.
 *
 * @throws Error naming the path and the keyword for whatever a CRD cannot express: unions, references, literals of
 *   mixed type, patterns that Go does not know. Better a failing generator than an API server that says no.
 */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  return normalise(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }), '(root)');
}

function normalise(given: Json, path: string): StructuralSchema {
  const { type } = given;
  if (typeof type !== 'string') throw new Error(`${path}: has no type of its own, so it is not structural`);
  const result: Record<string, unknown> = { type };
  for (const [keyword, value] of Object.entries(given)) {
    if (keyword.startsWith(EXTENSION) || KEPT.has(keyword)) result[keyword] = value;
    else if (keyword === 'properties') result[keyword] = normaliseProperties(asObject(value, path), path);
    else if (keyword === 'items') result[keyword] = normalise(asObject(value, path), `${path}[]`);
    else if (keyword === 'additionalProperties') addRest(result, value, path);
    else throw new Error(`${path}: a CRD does not know ${keyword}`);
  }
  checkRequired(given, path);
  if (type === 'integer') boundInteger(result);
  if (type === 'string') checkPattern(result, path);
  return { ...result, ...withDefaultInWords(result), type };
}

/** `kubectl explain` shows no defaults, so the description does. */
function withDefaultInWords({ description, default: value }: Json): Json {
  const isWord = typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value !== '');
  return typeof description === 'string' && isWord ? { description: `${description} Default: ${value}.` } : {};
}

function normaliseProperties(properties: Json, path: string): Json {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, normalise(asObject(value, path), `${path}.${name}`)]),
  );
}

/** A closed object says nothing: the API server refuses or drops unknown fields by itself. */
function addRest(result: Record<string, unknown>, rest: unknown, path: string): void {
  if (rest === false) return;
  const values = asObject(rest, path);
  // Whatever else is there: only the metadata of the object itself, which the API server knows better.
  if (Object.keys(values).length === 0) return;
  result['additionalProperties'] = normalise(values, `${path}.*`);
}

/** A record with a fixed set of names would demand fields it does not describe. */
function checkRequired({ required = [], properties = {} }: Json, path: string): void {
  const missing = Array.isArray(required)
    ? required.filter((name) => !Object.hasOwn(asObject(properties, path), name))
    : [];
  if (missing.length > 0) throw new Error(`${path}: demands ${missing.join(', ')} without describing it`);
}

/** JavaScript's largest whole number is no bound anybody meant. */
function boundInteger(result: Record<string, unknown>): void {
  if (result['minimum'] === Number.MIN_SAFE_INTEGER) delete result['minimum'];
  if (result['maximum'] === Number.MAX_SAFE_INTEGER) delete result['maximum'];
  const { maximum } = result;
  result['format'] = typeof maximum === 'number' && maximum <= INT32_MAX ? 'int32' : 'int64';
}

/** A pattern that also stands in a rule goes: the rule says in words what is wrong, the pattern only repeats itself. */
function checkPattern(result: Record<string, unknown>, path: string): void {
  const { pattern } = result;
  if (typeof pattern !== 'string') return;
  if (/\(\?[=!<]|\\[1-9]/.test(pattern)) throw new Error(`${path}: Go has no look-around and no back-references`);
  const rules = result['x-kubernetes-validations'];
  const inRule = Array.isArray(rules) && JSON.stringify(rules).includes('self.matches(');
  if (inRule) delete result['pattern'];
}

function asObject(value: unknown, path: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error(`${path}: ${JSON.stringify(value)} is not a schema`);
}
