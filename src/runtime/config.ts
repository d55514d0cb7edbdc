import { Command, CommanderError, Option } from 'commander';
import { z } from 'zod';
import { FlexInferError } from '../api/errors.ts';
import { parseDurationMs } from '../api/quantity.ts';

/** One setting of a long-running program: a flag, perhaps an environment variable, and the schema both go through. */
export interface Setting<T> {
  /** `--metrics-port`; the key of the setting in the result is its camel case. */
  readonly flag: `--${string}`;
  /** What the flag takes, for the help text: `port`, `duration` … Without it the flag is a switch. */
  readonly value?: string;
  /** Environment variable that stands in when the flag is not given. */
  readonly env?: string;
  readonly describe: string;
  /** Turns the text, or `undefined` when neither was given, into the value. */
  readonly schema: z.ZodType<T>;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type ConfigOf<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

/**
 * Reads flags and environment through one schema. A flag wins over the environment, the environment over the default.
 *
 * @throws FlexInferError USAGE naming the flag or variable, and CommanderError with exit code 0 after `--help`
 */
export function parseConfig<S extends Settings>(
  program: { readonly name: string; readonly description: string; readonly version: string },
  settings: S,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ConfigOf<S> {
  const given = parseFlags(program, settings, args);
  const config: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const flagValue = given[camelCase(setting.flag)];
    const envValue = setting.env === undefined || env[setting.env] === '' ? undefined : env[setting.env];
    const origin =
      flagValue !== undefined || setting.env === undefined || envValue === undefined ? setting.flag : setting.env;
    const result = setting.schema.safeParse(flagValue ?? envValue);
    if (!result.success) {
      const text = flagValue ?? envValue;
      const what =
        text === undefined
          ? `${origin} is required`
          : `${origin} "${text}" ${result.error.issues[0]?.message ?? 'is wrong'}`;
      throw new FlexInferError('USAGE', what, { todo: `see ${program.name} --help` });
    }
    config[key] = result.data;
  }
  return config as ConfigOf<S>;
}

function parseFlags(
  program: { readonly name: string; readonly description: string; readonly version: string },
  settings: Settings,
  args: readonly string[],
): Record<string, string | boolean | undefined> {
  const command = new Command(program.name).description(program.description).version(program.version).exitOverride();
  command.configureOutput({ writeErr: () => undefined });
  for (const setting of Object.values(settings)) {
    const flags = setting.value === undefined ? setting.flag : `${setting.flag} <${setting.value}>`;
    const variable = setting.env === undefined ? '' : ` (environment: ${setting.env})`;
    command.addOption(new Option(flags, `${setting.describe}${variable}`));
  }
  command.allowExcessArguments(false);
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode === 0) throw error;
    throw new FlexInferError('USAGE', error.message.replace(/^error: /, '').replaceAll('\n', ' '), {
      todo: `see ${program.name} --help`,
      cause: error,
    });
  }
  return command.opts<Record<string, string | boolean | undefined>>();
}

function camelCase(flag: string): string {
  return flag.slice(2).replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A TCP port, 0 for any free one. */
export function portSetting(fallback: number) {
  return z
    .string()
    .default(String(fallback))
    .transform((text, context) => {
      if (/^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
      context.addIssue('is not a port');
      return z.NEVER;
    });
}

/** A duration such as `30s`, in milliseconds, not under `minimumMs`. */
export function durationSetting(fallback: string, minimumMs: number) {
  return z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const ms = parseDurationMs(text);
      if (ms !== undefined && ms >= minimumMs) return ms;
      context.addIssue(
        ms === undefined ? 'is not a duration such as 30s or 5m' : `is under the minimum of ${minimumMs / 1000}s`,
      );
      return z.NEVER;
    });
}

/** A flag that is given or not. */
export function switchSetting() {
  return z.boolean().default(false);
}

/** A text that may be left out, but not be empty. */
export function textSetting() {
  return z.string().min(1, 'is empty').optional();
}

/** One of a few words. */
export function choiceSetting<const C extends readonly [string, ...string[]]>(choices: C, fallback: C[number]) {
  return z.enum(choices, `is none of ${choices.join(', ')}`).default(() => fallback);
}

/**
 * A text with rules of its own.
 *
 * @param problem says what is wrong with a text, to be read after it; `undefined` when nothing is
 */
export function checkedSetting(fallback: string, problem: (text: string) => string | undefined) {
  return z
    .string()
    .default(fallback)
    .superRefine((text, context) => {
      const message = problem(text);
      if (message !== undefined) context.addIssue(message);
    });
}

/** Whether what was thrown only says that `--help` or `--version` has been printed. */
export function isHelp(thrown: unknown): boolean {
  return thrown instanceof CommanderError && thrown.exitCode === 0;
}
