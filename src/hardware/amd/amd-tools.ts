import type { HardwareProblem } from '../inventory.ts';
import type { ProbeResult } from '../probe.ts';
import type { VendorTool } from '../vendor-tool.ts';
import { AMD_SMI_ARGS, amdSmiFacts } from './amd-smi.ts';
import { ROCM_SMI_ARGS, rocmSmiFacts, type ToolFacts } from './rocm-smi.ts';
import { parseToolJson } from './tool-json.ts';

/** What the kernel's files did not tell, from whichever of AMD's tools answers. Neither being installed is usual and no problem. */
export async function askAmdTools(
  amdSmi: VendorTool,
  rocmSmi: VendorTool,
  signal?: AbortSignal,
): Promise<ProbeResult<ToolFacts>> {
  const problems: HardwareProblem[] = [];
  const attempts = [
    { label: 'amd-smi', tool: amdSmi, args: AMD_SMI_ARGS, parse: amdSmiFacts },
    { label: 'rocm-smi', tool: rocmSmi, args: ROCM_SMI_ARGS, parse: rocmSmiFacts },
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
    const facts = parse(json.value);
    if (facts.size > 0) return { value: facts, problems };
  }
  return { value: new Map(), problems };
}
