/**
 * A fake `nvidia-smi` for tests: no driver, no GPU. It answers from a plan file, as strictly as the real tool does:
 * an unknown field, option or device is refused with the words and exit status of driver 580.
 *
 *     node nvidia-smi.fake.ts PLAN CALLS [arguments of nvidia-smi …]
 *
 * Every call is appended to the file CALLS with the process id.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, writeSync } from 'node:fs';
import type { FakeSmiPlan } from './fake-smi-plan.ts';

const [planPath = '', callsPath = '', ...args] = process.argv.slice(2);
const plan: FakeSmiPlan = JSON.parse(readFileSync(planPath, 'utf8'));
const faults = plan.faults ?? {};

/** Units by field, as in the header and behind every number. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/^memory\.|^used_gpu_memory$/, 'MiB'],
  [/^utilization\./, '%'],
  [/^(power\.|enforced\.power|gpu\.power)/, 'W'],
  [/^clocks\.(current\.|sm|mem|gr)/, 'MHz'],
];

/** Second names of fields. */
const ALIASES: Readonly<Record<string, string>> = {
  gpu_name: 'name',
  gpu_uuid: 'uuid',
  gpu_bus_id: 'pci.bus_id',
  'clocks.sm': 'clocks.current.sm',
  'clocks_throttle_reasons.active': 'clocks_event_reasons.active',
};

const INVALID = "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n\n";

interface Reply {
  readonly out: string;
  readonly exitCode: number;
}

function reply(): Reply {
  const options = parseArguments(args);
  if (options === undefined) return { out: INVALID, exitCode: 2 };
  const devices = plan.devices.filter(
    (device) =>
      options.device === undefined ||
      device['index'] === options.device ||
      sameBus(device['pci.bus_id'] ?? '', options.device) ||
      device['uuid'] === options.device,
  );
  if (devices.length === 0) return { out: 'No devices were found\n', exitCode: 6 };
  const lost = devices.find((device) => (plan.lost ?? []).some((bus) => sameBus(device['pci.bus_id'] ?? '', bus)));
  if (lost !== undefined) {
    const bus = (lost['pci.bus_id'] ?? '').replace(/^0000(?=[0-9A-F]{4}:)/, '');
    const words = `Unable to determine the device handle for GPU${lost['index']}: ${bus}: GPU is lost.  Reboot the system to recover this GPU\n\n`;
    return { out: words, exitCode: 15 };
  }
  if (options.mode === 'xml') {
    const xml = devices.map((device) => plan.xml?.[device['pci.bus_id'] ?? ''] ?? '').join('');
    return { out: xml, exitCode: 0 };
  }
  const isApps = options.mode === 'apps';
  const known = isApps
    ? ['timestamp', 'gpu_name', 'gpu_bus_id', 'gpu_serial', 'gpu_uuid', 'pid', 'process_name', 'used_gpu_memory']
    : [...new Set(plan.devices.flatMap((device) => Object.keys(device)))];
  const bad = options.fields.find(
    (field) =>
      (plan.unknownFields ?? []).includes(field) || !known.includes(isApps ? field : (ALIASES[field] ?? field)),
  );
  if (bad !== undefined) return { out: `Field "${bad}" is not a valid field to query.\n\n`, exitCode: 2 };
  const rows = isApps ? (plan.apps ?? []) : devices;
  return { out: table(options.fields, rows, isApps, options.header, options.units), exitCode: 0 };
}

function table(
  fields: readonly string[],
  rows: readonly Readonly<Record<string, string>>[],
  isApps: boolean,
  header: boolean,
  units: boolean,
): string {
  const titles = fields.map((field) => {
    const unit = UNITS.find(([pattern]) => pattern.test(field))?.[1];
    return unit === undefined ? field : `${field} [${unit}]`;
  });
  const lines = rows.map((row) =>
    fields
      .map((field) => row[isApps ? field : (ALIASES[field] ?? field)] ?? '[N/A]')
      .map((cell) => (units ? cell : cell.replace(/^(-?[\d.,]+) (MiB|%|W|MHz)$/, '$1')))
      .join(', '),
  );
  return [...(header ? [titles.join(', ')] : []), ...lines].map((line) => `${line}\n`).join('');
}

interface Options {
  readonly mode: 'gpu' | 'apps' | 'xml';
  readonly fields: readonly string[];
  readonly header: boolean;
  readonly units: boolean;
  readonly device?: string;
}

/** Knows the options that FlexInfer uses, and refuses every other combination as the real tool does. */
function parseArguments(given: readonly string[]): Options | undefined {
  let mode: Options['mode'] | undefined;
  let fields: readonly string[] = [];
  let format: readonly string[] | undefined;
  let device: string | undefined;
  let query = false;
  for (let index = 0; index < given.length; index += 1) {
    const [name = '', value] = (given[index] ?? '').split('=', 2);
    if (name === '--query-gpu' || name === '--query-compute-apps') {
      if (mode !== undefined || value === undefined || value === '') return undefined;
      mode = name === '--query-gpu' ? 'gpu' : 'apps';
      fields = value.split(',');
    } else if (name === '--format' && value !== undefined) format = value.split(',');
    else if (name === '-i' && value === undefined) device = given[(index += 1)];
    else if (name === '-q' && value === undefined) query = true;
    else if (name === '-x' && query) mode = 'xml';
    else return undefined;
  }
  if (mode === undefined || (query && mode !== 'xml')) return undefined;
  if (mode !== 'xml') {
    if (format === undefined || !format.includes('csv')) return undefined;
    if (format.some((word) => !['csv', 'noheader', 'nounits'].includes(word))) return undefined;
  }
  return {
    mode,
    fields,
    header: !(format ?? []).includes('noheader'),
    units: !(format ?? []).includes('nounits'),
    ...(device === undefined ? {} : { device }),
  };
}

function sameBus(a: string, b: string): boolean {
  const short = (bus: string): string => bus.toLowerCase().replace(/^0+(?=[0-9a-f]*:[0-9a-f]+:)/, '');
  return short(a) === short(b);
}

/** Pipes are non-blocking here: a full one is tried again, as a program that writes blockingly would. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EAGAIN')) throw cause;
    }
  }
}

function hang(): void {
  process.on('SIGTERM', () => undefined);
  setInterval(() => undefined, 1 << 30);
}

function answer(): void {
  if (faults.grandchildMs !== undefined) {
    const wait = `setTimeout(() => undefined, ${faults.grandchildMs})`;
    spawn(process.execPath, ['-e', wait], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] }).unref();
  }
  if (faults.floodBytes !== undefined) {
    writeAll(1, new Uint8Array(faults.floodBytes).fill(0x78));
    hang();
    return;
  }
  if (faults.hang === true) {
    hang();
    return;
  }
  const regular = reply();
  let out = Buffer.from((faults.stdout ?? regular.out) + (faults.appended ?? ''), 'utf8');
  if (faults.nameBytes !== undefined) {
    const at = out.lastIndexOf('\n', out.length - 2) === -1 ? out.length : out.length - 1;
    out = Buffer.concat([out.subarray(0, at), Buffer.from(faults.nameBytes), out.subarray(at)]);
  }
  if (faults.truncateAt !== undefined) out = out.subarray(0, faults.truncateAt);
  writeAll(1, out);
  if (faults.stderr !== undefined) writeAll(2, Buffer.from(faults.stderr, 'utf8'));
  process.exitCode = faults.exitCode ?? regular.exitCode;
}

appendFileSync(callsPath, `${JSON.stringify({ pid: process.pid, args })}\n`);
if (faults.delayMs === undefined) answer();
else setTimeout(answer, faults.delayMs);
