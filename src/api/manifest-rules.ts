import { z } from 'zod';

/** A rule that a schema alone cannot say, in both languages: for us and, as CEL, for the API server. */
export interface Rule<T> {
  /** What is wrong and what to do, in words that fit both places. */
  readonly message: string;
  /** The field the message is about, as `kvCache.type`; the ruled value itself when absent. */
  readonly field?: string;
  /** The rule in CEL; `self` is the ruled value with its defaults filled in. */
  readonly cel: string;
  readonly holds: (value: T) => boolean;
}

/** A rule as it stands in a CRD. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

const VALIDATIONS = 'x-kubernetes-validations';

/** Adds rules to a schema. They hold in `validateModelDeployment`, and the API server gets them with the CRD. */
export function ruled<S extends z.ZodType>(schema: S, ...rules: readonly Rule<z.output<S>>[]): S {
  const checked = rules.reduce(
    (current, { message, field, holds }) =>
      current.refine(holds, { message, ...(field === undefined ? {} : { path: field.split('.') }) }),
    schema,
  );
  const added = rules.map(({ cel, message, field }) => ({
    rule: cel,
    message,
    ...(field === undefined ? {} : { fieldPath: `.${field}` }),
  }));
  return checked.meta({ [VALIDATIONS]: [...celRulesOf(schema), ...added] });
}

function celRulesOf(schema: z.ZodType): readonly CelRule[] {
  const rules = schema.meta()?.[VALIDATIONS];
  return Array.isArray(rules) ? rules : [];
}

/** A string in a form that only a pattern can describe; `message` says what it should have been. */
export function formatted(schema: z.ZodString, pattern: RegExp | string, message: string): z.ZodString {
  const source = new RegExp(pattern).source.replaceAll('\\/', '/');
  const rule = { rule: `self.matches(r'${source}')`, message };
  return schema.regex(new RegExp(pattern), message).meta({ [VALIDATIONS]: [rule] });
}

/** A list in which nothing may stand twice. */
export function distinct<T extends z.ZodType>(item: T, max: number): z.ZodArray<T> {
  return z
    .array(item)
    .max(max)
    .refine((items) => new Set(items).size === items.length, 'the same entry stands there twice')
    .meta({ 'x-kubernetes-list-type': 'set' });
}

/** A list of objects told apart by one of their fields. */
export function keyed<T extends z.ZodObject>(item: T, key: keyof z.output<T> & string, max: number): z.ZodArray<T> {
  return z
    .array(item)
    .max(max)
    .refine(
      (items) => new Set(items.map((each) => each[key])).size === items.length,
      `two entries have the same ${key}`,
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] });
}

/** Names with values, at most 64 of them. */
export function namedValues(value: z.ZodString): z.ZodRecord<z.ZodString, z.ZodString> {
  const max = 64;
  const record = z.record(z.string(), value);
  return ruled(
    record.refine((entries) => Object.keys(entries).length <= max, `may not have more than ${max} entries`),
    {
      message: 'a name is at most 316 characters long',
      cel: 'self.all(name, name.size() <= 316)',
      holds: (entries) => Object.keys(entries).every((name) => name.length <= 316),
    },
  ).meta({ maxProperties: max });
}
