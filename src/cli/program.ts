import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { asFlexInferError, errorLine, FlexInferError } from '../api/errors.ts';
import type { CommonOptions } from './options.ts';

const DAY_MS = 86_400_000;

/** Defines the command line. Commands are imported when they run, so that `--help` loads none of them. */
function program(): Command {
  const flexinfer = new Command('flexinfer')
    .description('Run language models where they were measured to run best.')
    .version(packageJson.version)
    .showSuggestionAfterError()
    .enablePositionalOptions();

  withCommon(flexinfer.command('up'))
    .description('Serve the models of a manifest on this machine: pull, place, start, measure, serve.')
    .argument('<file>', 'YAML file with one or several ModelDeployments')
    .option('--port <number>', 'port of the endpoint; 0 takes any free one', parsePort, 8000)
    .option(
      '--host <address>',
      'address to listen on; anything but loopback opens the models to the network',
      '127.0.0.1',
    )
    .option('--remeasure', 'measure even where a valid record exists', false)
    .action(async (file: string, options: CommonOptions & { port: number; host: string; remeasure: boolean }) => {
      const { up } = await import('./commands/up.ts');
      await up(file, options);
    });

  withCommon(flexinfer.command('bench'))
    .description('Measure the models of a manifest on this machine and print the records.')
    .argument('<file>', 'YAML file with one or several ModelDeployments')
    .action(async (file: string, options: CommonOptions) => {
      const { bench } = await import('./commands/bench.ts');
      await bench(file, options);
    });

  withCommon(flexinfer.command('list'))
    .description('List what was measured on this machine and what is being served.')
    .action(async (options: CommonOptions) => {
      const { list } = await import('./commands/list.ts');
      await list(options);
    });

  withCommon(flexinfer.command('hardware'))
    .description('Show what this machine has and the device classes it offers.')
    .addOption(new Option('--host-root <directory>', 'read /proc and /sys below another directory').default('/'))
    .option('--nvidia-smi <path>', 'the nvidia-smi to ask')
    .option('--explain', 'say where each value came from', false)
    .action(async (options: CommonOptions & { hostRoot: string; nvidiaSmi?: string; explain: boolean }) => {
      const { hardware } = await import('./commands/hardware.ts');
      await hardware(options);
    });

  flexinfer.addCommand(modelsCommand());
  return flexinfer;
}

function modelsCommand(): Command {
  const models = new Command('models')
    .description('Look at, fetch and clean up model files.')
    .enablePositionalOptions();
  const reference = 'hf://org/repo@revision/file.gguf or file:///path/file.gguf';

  withCommon(models.command('inspect'))
    .description('Read the header of a model, without downloading it, and estimate its memory.')
    .argument('<reference>', reference)
    .option('--context-length <tokens>', 'context per sequence for the estimate', parseCount, 4096)
    .option('--parallel <number>', 'concurrent sequences for the estimate', parseCount, 1)
    .action(async (source: string, options: CommonOptions & { contextLength: number; parallel: number }) => {
      const { inspect } = await import('./commands/models.ts');
      await inspect(source, options);
    });

  withCommon(models.command('pull'))
    .description('Fetch a model into the cache and verify it.')
    .argument('<reference>', reference)
    .option('--sha256 <digest>', 'SHA-256 the file must have', parseSha256)
    .action(async (source: string, options: CommonOptions & { sha256?: string }) => {
      const { pull } = await import('./commands/models.ts');
      await pull(source, options);
    });

  withCommon(models.command('list'))
    .description('List the models in the cache.')
    .action(async (options: CommonOptions) => {
      const { listModels } = await import('./commands/models.ts');
      await listModels(options);
    });

  withCommon(models.command('prune'))
    .description('Remove unfinished downloads, and models that were not used for a while.')
    .option('--unused-for <days>', 'remove models unused for so many days', parseCount, 30)
    .option('--all', 'remove every model', false)
    .option('--dry-run', 'only say what would be removed', false)
    .action(async (options: CommonOptions & { unusedFor: number; all: boolean; dryRun: boolean }) => {
      const { prune } = await import('./commands/models.ts');
      await prune({ ...options, unusedForMs: options.unusedFor * DAY_MS });
    });

  return models;
}

function withCommon(command: Command): Command {
  return command
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['table', 'json', 'yaml']).default('table'))
    .option('--cache <directory>', 'model cache; MODEL_CACHE_PATH, else a folder in the user cache');
}

function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('it must be a number from 0 to 65535');
  return port;
}

function parseCount(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('it must be a whole number above zero');
  return Number(text);
}

function parseSha256(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError('it must be 64 lower-case hexadecimal digits');
  return text;
}

/** Runs the command line and gives its exit code. Every failure is one line on stderr. */
export async function run(args: readonly string[]): Promise<number> {
  const command = program();
  for (const each of everyCommand(command)) {
    each.exitOverride().configureOutput({ writeErr: () => undefined });
  }
  try {
    if (args.length === 0) {
      process.stdout.write(command.helpInformation());
      return 0;
    }
    await command.parseAsync([...args], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const known = error instanceof CommanderError ? usageError(error) : asFlexInferError(error);
    process.stderr.write(`${errorLine(known)}\n`);
    return known.exitCode;
  }
}

function usageError(error: CommanderError): FlexInferError {
  const what = error.code === 'commander.help' ? 'a subcommand is missing' : error.message.replace(/^error: /, '');
  return new FlexInferError('USAGE', what.replace(/\n\(Did you mean (.*)\?\)$/s, '; did you mean $1?'), {
    todo: 'see flexinfer --help',
    cause: error,
  });
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap((each) => everyCommand(each))];
}
