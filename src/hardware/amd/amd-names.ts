import type { HardwareProblem } from '../inventory.ts';
import type { ProbeResult } from '../probe.ts';
import type { VendorTool } from '../vendor-tool.ts';
import { AMD_SMI_ARGS, amdSmiNames } from './amd-smi.ts';
import { type ProductNames, ROCM_SMI_ARGS, rocmSmiNames } from './rocm-smi.ts';
import { parseToolJson } from './tool-json.ts';

/** Product names from whichever of AMD's tools answers. Neither being installed is usual and no problem. */
export async function askForNames(
  amdSmi: VendorTool,
  rocmSmi: VendorTool,
  signal?: AbortSignal,
): Promise<ProbeResult<ProductNames>> {
  const problems: HardwareProblem[] = [];
  const attempts = [
    { label: 'amd-smi', tool: amdSmi, args: AMD_SMI_ARGS, parse: amdSmiNames },
    { label: 'rocm-smi', tool: rocmSmi, args: ROCM_SMI_ARGS, parse: rocmSmiNames },
  ];
  for (const { label, tool, args, parse } of attempts) {
    const problem = (reason: string, detail: string): void =>
      void problems.push({ source: 'amd', reason, detail: `${label}: ${detail}` });
    const outcome = await tool.run(args, signal);
    if (outcome.kind === 'failed') {
      if (outcome.reason !== 'tool_absent') problem(outcome.reason, outcome.detail);
      continue;
    }
    // The exit status says nothing: rocm-smi ends with 0 and no output when there is no driver.
    const json = parseToolJson(outcome.stdout);
    if (json === undefined) {
      problem('unexpected_output', outcome.stdout.trim() === '' ? 'no output' : 'no JSON document');
      continue;
    }
    if (json.discarded.length > 0) problem('tool_warning', json.discarded.join(' ').slice(0, 200));
    const names = parse(json.value);
    if (names.size > 0) return { value: names, problems };
  }
  return { value: new Map(), problems };
}
