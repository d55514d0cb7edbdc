/**
 * What of our own environment an engine may see. Everything else stays here: engines read options from variables
 * (`LLAMA_ARG_…`), which would change what is measured without a trace, and tokens are none of their business.
 */
const PASSED = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  // Where drivers and their libraries are, and what makes unsupported AMD cards work.
  'LD_LIBRARY_PATH',
  'CUDA_HOME',
  'CUDA_PATH',
  'ROCM_PATH',
  'HSA_OVERRIDE_GFX_VERSION',
  'CUDA_VISIBLE_DEVICES',
  'HIP_VISIBLE_DEVICES',
  'ROCR_VISIBLE_DEVICES',
]);

/** The environment of an engine: the allowed part of `ours`, then what the plan adds or replaces. */
export function engineEnvironment(
  ours: Readonly<Record<string, string | undefined>>,
  added: Readonly<Record<string, string>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(ours)) {
    if (value !== undefined && PASSED.has(name)) {
      environment[name] = value;
    }
  }
  return { ...environment, ...added };
}
