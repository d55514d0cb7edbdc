import { FlexInferError } from '../api/errors.ts';
import type { Backend, EngineGpu, EngineInput, EngineInstall, EnginePlan } from './engine.ts';
import { engineEnvironment } from './engine-environment.ts';
import { connectLlama } from './llama-client.ts';
import { findProgram, outputOf } from './program.ts';
import { startupTimeoutMs } from './startup-timeout.ts';

/** Names a `llama-server` that is not on `PATH`. */
export const LLAMA_SERVER_VARIABLE = 'FLEXINFER_LLAMA_SERVER';

/** llama.cpp's own `llama-server`, as the user installed it. */
export function llamacppBackend(env: Readonly<Record<string, string | undefined>> = process.env): Backend {
  return { name: 'llamacpp', locate: () => locate(env), plan, connect: (port) => connectLlama(port) };
}

async function locate(env: Readonly<Record<string, string | undefined>>): Promise<EngineInstall | undefined> {
  const named = env[LLAMA_SERVER_VARIABLE];
  const isNamed = named !== undefined && named !== '';
  const command = await findProgram(isNamed ? named : 'llama-server', env['PATH']);
  if (command === undefined && isNamed) {
    throw new FlexInferError('NO_ENGINE', `${LLAMA_SERVER_VARIABLE} names ${named}, which is no program`, {
      todo: 'correct it, or unset it to use the llama-server on PATH',
    });
  }
  if (command === undefined) {
    return undefined;
  }
  const clean = engineEnvironment(env, {});
  const [version, devices] = await Promise.all([
    outputOf(command, ['--version'], clean),
    outputOf(command, ['--list-devices'], clean),
  ]);
  if (version === undefined) {
    throw new FlexInferError('NO_ENGINE', `${command} does not answer to --version`, {
      todo: `run it by hand to see why, or let ${LLAMA_SERVER_VARIABLE} name another llama-server`,
    });
  }
  const gpuVendors = devices === undefined ? undefined : gpuVendorsIn(devices);
  return { command, version: versionIn(version), ...(gpuVendors === undefined ? {} : { gpuVendors }) };
}

/**
 * The build as llama.cpp names its releases (`b11434`), else whatever follows `version:`. Prints so far:
 * `version: 6123 (79c1160b)` and, since the library has numbers, `version: 0.6.0-dev (build 11434, commit 79c1160b)`.
 */
export function versionIn(output: string): string {
  const line = /^version: (.+)$/m.exec(output)?.[1]?.trim() ?? 'unknown';
  const build = /\(build (\d+),/.exec(line)?.[1] ?? /^(\d+) \(/.exec(line)?.[1];
  return build === undefined || build === '0' ? (line.split(' ')[0] ?? line) : `b${build}`;
}

/** Vendors in the answer to `--list-devices`; `undefined` when it does not look like one. */
export function gpuVendorsIn(output: string): readonly EngineGpu['vendor'][] | undefined {
  if (!output.includes('Available devices')) {
    return undefined;
  }
  const devices = output.split('\n').filter((line) => /^\s+[A-Za-z]+\d+: /.test(line));
  const vendors: EngineGpu['vendor'][] = [];
  if (devices.some((line) => /^\s+CUDA\d+:|NVIDIA/.test(line))) {
    vendors.push('NVIDIA');
  }
  if (devices.some((line) => /^\s+ROCm\d+:|\bAMD\b|Radeon/.test(line))) {
    vendors.push('AMD');
  }
  return vendors;
}

const KV_TYPES = new Set(['f16', 'q8_0', 'q4_0']);

/** A flag given twice is fine for llama.cpp: the user's, which comes last, wins. */
function plan(input: EngineInput, install: EngineInstall): EnginePlan {
  const recordedArgs = [
    ['-c', String(input.contextLength * input.parallel)],
    ['--parallel', String(input.parallel)],
    ['--fit', 'off'],
    // Without `--device none` a build for GPUs still moves large batches to one.
    input.gpus.length > 0 ? ['-ngl', '999'] : ['--device', 'none'],
    ['--threads', String(input.threads)],
    ['--cache-ram', String(input.hostCacheMiB ?? 0)],
    kvCacheArgs(input.kvCacheType),
    input.args,
  ].flat();
  return {
    backend: 'llamacpp',
    command: install.command,
    args: [
      ...(install.prefixArgs ?? []),
      '--model',
      input.modelFile,
      '--alias',
      input.alias,
      '--host',
      '127.0.0.1',
      '--port',
      String(input.port),
      '--metrics',
      ...recordedArgs,
    ],
    env: {
      // The page would be served beside ours. As variables these are ignored by versions that do not know them.
      LLAMA_ARG_UI: 'false',
      LLAMA_ARG_WEBUI: 'false',
      ...visibleGpus(input.gpus, install),
      ...Object.fromEntries(input.env.map(({ name, value }) => [name, value])),
    },
    port: input.port,
    startupTimeoutMs: startupTimeoutMs(input.modelSizeBytes),
    recordedArgs,
  };
}

function kvCacheArgs(type: string): readonly string[] {
  if (type === 'auto') {
    return [];
  }
  if (!KV_TYPES.has(type)) {
    throw new FlexInferError('UNSUPPORTED', `llama.cpp has no key-value cache of type ${type}`, {
      todo: 'set spec.kvCache.type to auto, f16, q8_0 or q4_0',
    });
  }
  return ['--cache-type-k', type, '--cache-type-v', type];
}

/** The variables by which each vendor's runtime hides the cards that belong to others. */
function visibleGpus(gpus: readonly EngineGpu[], install: EngineInstall): Record<string, string> {
  const [first] = gpus;
  if (first === undefined) {
    return {};
  }
  if (gpus.some((gpu) => gpu.vendor !== first.vendor)) {
    throw new FlexInferError('UNSUPPORTED', 'one replica cannot use GPUs of two vendors');
  }
  if (install.gpuVendors?.includes(first.vendor) === false) {
    throw new FlexInferError('NO_ENGINE', `${install.command} was built without support for ${first.vendor} GPUs`, {
      todo: `install a llama-server for ${first.vendor}, or set spec.hardware.accelerator to CPU`,
    });
  }
  const ids = gpus.map((gpu) => gpu.id).join(',');
  return first.vendor === 'NVIDIA' ? { CUDA_VISIBLE_DEVICES: ids } : { HIP_VISIBLE_DEVICES: ids };
}
