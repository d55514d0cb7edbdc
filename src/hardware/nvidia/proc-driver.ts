import type { HostFiles } from '../host-files.ts';
import { normalizePciAddress } from '../pci/pci-address.ts';

/** What the kernel module tells without the tool: enough to know that it is loaded and which card it holds. */
export interface ProcGpu {
  readonly address: string;
  readonly model?: string;
  readonly uuid?: string;
}

const ROOT = '/proc/driver/nvidia';

/** `/proc/driver/nvidia/gpus/<address>/information`, one `Key:  value` per line. */
export function parseProcGpu(text: string): ProcGpu | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z][A-Za-z ]*):\s*(.*?)\s*$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined && match[2] !== '') fields.set(match[1], match[2]);
  }
  const address = normalizePciAddress(fields.get('Bus Location') ?? '');
  if (address === undefined) return undefined;
  const model = fields.get('Model');
  // Before a device is first used its UUID is shown as question marks.
  const uuid = /^GPU-[0-9a-f-]{36}$/i.exec(fields.get('GPU UUID') ?? '')?.[0];
  return {
    address,
    ...(model === undefined || model === 'Unknown' ? {} : { model }),
    ...(uuid === undefined ? {} : { uuid }),
  };
}

/** `NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.159.04  …`, also for the open module. */
export function parseProcVersion(text: string): string | undefined {
  return /Kernel Module\b.*?\s(\d{2,4}\.\d{1,4}(?:\.\d{1,4})?)\s/.exec(text)?.[1];
}

export interface ProcDriver {
  readonly loaded: boolean;
  readonly version?: string;
  readonly gpus: ReadonlyMap<string, ProcGpu>;
}

export async function readProcDriver(files: HostFiles): Promise<ProcDriver> {
  const version = await files.read(`${ROOT}/version`);
  const names = (await files.list(`${ROOT}/gpus`)) ?? [];
  const gpus = new Map<string, ProcGpu>();
  for (const name of names) {
    const { text } = await files.read(`${ROOT}/gpus/${name}/information`);
    const gpu = text === undefined ? undefined : parseProcGpu(text);
    if (gpu !== undefined) gpus.set(gpu.address, gpu);
  }
  const parsed = version.text === undefined ? undefined : parseProcVersion(version.text);
  return {
    loaded: version.text !== undefined || gpus.size > 0,
    ...(parsed === undefined ? {} : { version: parsed }),
    gpus,
  };
}
