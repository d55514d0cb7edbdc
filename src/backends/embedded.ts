import { FlexInferError } from '../api/errors.ts';
import {
  EMBEDDED_VERSION,
  engineFolder,
  isInstalled,
  serverFile,
  type Variant,
  variantOf,
} from './embedded/engine-folder.ts';
import { installEmbedded } from './embedded/install.ts';
import type { Backend, EngineInput, EngineInstall, EnginePlan } from './engine.ts';
import { connectLlama } from './llama-client.ts';
import { startupTimeoutMs } from './startup-timeout.ts';

/**
 * llama.cpp inside a Node process of ours (node-llama-cpp), for machines without an engine of their own. CPU only.
 * Installed into the user's cache on first need.
 */
export function embeddedBackend(env: Readonly<Record<string, string | undefined>> = process.env): Backend {
  return {
    name: 'embedded',
    async locate() {
      const variant = variantOf(process.platform, process.arch);
      if (variant === undefined) {
        return undefined;
      }
      const folder = await engineFolder(env, variant);
      return (await isInstalled(folder)) ? installIn(folder) : undefined;
    },
    async install(options) {
      const variant = supportedVariant();
      const folder = await engineFolder(env, variant);
      await installEmbedded(folder, variant, env, options);
      return installIn(folder);
    },
    plan,
    connect: (port) => connectLlama(port),
  };
}

function supportedVariant(): Variant {
  const variant = variantOf(process.platform, process.arch);
  if (variant === undefined) {
    const machine = `${process.platform}-${process.arch}`;
    throw new FlexInferError('NO_ENGINE', `the embedded engine is not offered for ${machine}`, {
      todo: 'install llama-server and put it on PATH',
    });
  }
  return variant;
}

function installIn(folder: string): EngineInstall {
  return {
    command: process.execPath,
    version: EMBEDDED_VERSION,
    prefixArgs: [
      // Some versions of Node announce on every start that they strip types.
      '--disable-warning=ExperimentalWarning',
      serverFile,
      '--engine',
      folder,
    ],
    gpuVendors: [],
  };
}

const KV_TYPES: Readonly<Record<string, string>> = { f16: 'F16', q8_0: 'Q8_0', q4_0: 'Q4_0' };

function plan(input: EngineInput, install: EngineInstall): EnginePlan {
  if (input.gpus.length > 0) {
    throw new FlexInferError('UNSUPPORTED', 'the embedded engine runs on the CPU only', {
      todo: 'install llama-server and put it on PATH, or set spec.hardware.accelerator to CPU',
    });
  }
  if (input.args.length > 0) {
    throw new FlexInferError('UNSUPPORTED', 'the embedded engine takes no arguments, but spec.args has some', {
      todo: 'remove spec.args, or install llama-server and put it on PATH',
    });
  }
  const recordedArgs = [
    ['--context-length', String(input.contextLength)],
    ['--parallel', String(input.parallel)],
    ['--threads', String(input.threads)],
    kvCacheArgs(input.kvCacheType),
  ].flat();
  return {
    backend: 'embedded',
    command: install.command,
    args: [
      ...(install.prefixArgs ?? []),
      '--model',
      input.modelFile,
      '--alias',
      input.alias,
      '--port',
      String(input.port),
      ...recordedArgs,
    ],
    env: Object.fromEntries(input.env.map(({ name, value }) => [name, value])),
    port: input.port,
    startupTimeoutMs: startupTimeoutMs(input.modelSizeBytes),
    recordedArgs,
  };
}

function kvCacheArgs(type: string): readonly string[] {
  if (type === 'auto') {
    return [];
  }
  const known = KV_TYPES[type];
  if (known === undefined) {
    throw new FlexInferError('UNSUPPORTED', `the embedded engine has no key-value cache of type ${type}`, {
      todo: 'set spec.kvCache.type to auto, f16, q8_0 or q4_0',
    });
  }
  return ['--kv-cache-type', known];
}
