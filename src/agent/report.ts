import type { DeviceClass } from '../api/device-class.ts';
import { gpuClass } from '../hardware/device-classes.ts';
import type { GpuDevice, Inventory } from '../hardware/inventory.ts';
import { type LabelFacts, labelsOf } from '../hardware/labels.ts';

/** Something that went wrong, in the words of `flexinfer-agent --once`. */
export interface ReportedProblem {
  readonly source: string;
  readonly reason: string;
  readonly detail: string;
  readonly device?: string;
}

/** What `flexinfer-agent --once` prints. */
export interface AgentReport {
  /** By full key. */
  readonly labels: Readonly<Record<string, string>>;
  readonly devices: readonly (GpuDevice & { readonly deviceClass?: DeviceClass })[];
  readonly problems: readonly ReportedProblem[];
}

export function reportOf(inventory: Inventory, facts: LabelFacts, prefix: string): AgentReport {
  const { labels, problems } = labelsOf(inventory, facts);
  return {
    labels: withPrefix(labels, prefix),
    devices: inventory.gpus.map((gpu) => {
      const deviceClass = gpuClass(gpu);
      return { ...gpu, ...(deviceClass === undefined ? {} : { deviceClass }) };
    }),
    problems: [...inventory.problems, ...problems],
  };
}

export function withPrefix(labels: Readonly<Record<string, string>>, prefix: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`${prefix}${name}`, value]));
}

/** The report as a person, a program or a file would have it. */
export async function renderReport(report: AgentReport, format: 'table' | 'json' | 'yaml'): Promise<string> {
  if (format === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  if (format === 'table') return table(report);
  const { stringify } = await import('yaml');
  return stringify(report, { aliasDuplicateObjects: false });
}

function table({ labels, devices, problems }: AgentReport): string {
  const width = Math.max(...Object.keys(labels).map((key) => key.length));
  const labelLines = Object.entries(labels).map(([key, value]) => `${key.padEnd(width)}  ${value}`);
  const deviceLines = devices.map((gpu) =>
    [`gpu ${gpu.index}`, gpu.pciAddress, gpu.product ?? `device ${gpu.pciDeviceId}`, gpu.deviceClass ?? '-', gpu.health]
      .concat(gpu.unusable ?? [])
      .join('  '),
  );
  const problemLines = problems.map(
    ({ source, reason, detail, device }) =>
      `problem: ${source} ${reason}${device === undefined ? '' : ` ${device}`}: ${detail}`,
  );
  return [...labelLines, ...deviceLines, ...problemLines].map((line) => `${line}\n`).join('');
}
