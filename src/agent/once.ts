import { Hardware } from '../hardware/probe-hardware.ts';
import type { AgentOptions } from './options.ts';
import { renderReport, reportOf } from './report.ts';

/** Whatever a vendor's tool does, the one look ends within 30 s. */
const ONE_LOOK_MS = 25_000;

/** Looks once and prints labels, devices and problems. */
export async function runOnce(
  options: AgentOptions,
  _env: Readonly<Record<string, string | undefined>>,
  print: (text: string) => void,
): Promise<void> {
  const hardware = new Hardware({
    hostRoot: options.hostRoot,
    ...(options.nvidiaSmi === undefined ? {} : { nvidiaSmi: options.nvidiaSmi }),
  });
  const inventory = await hardware.probe(AbortSignal.timeout(ONE_LOOK_MS));
  const facts = { architectures: options.architectures };
  print(await renderReport(reportOf(inventory, facts, options.labelPrefix), options.output));
}
