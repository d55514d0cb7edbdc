/**
 * Bits of `clocks_event_reasons.active` and their names in the tool's own fields.
 * Source: `nvmlClocksEventReason*` of nvml.h; names from `nvidia-smi --help-query-gpu`.
 *
 * Bit 0, `gpu_idle`, is left out: an idle device's clocks are low, but nothing holds them down.
 */
const REASONS: readonly (readonly [bit: bigint, name: string])[] = [
  [0x2n, 'applications_clocks_setting'],
  [0x4n, 'sw_power_cap'],
  [0x8n, 'hw_slowdown'],
  [0x10n, 'sync_boost'],
  [0x20n, 'sw_thermal_slowdown'],
  [0x40n, 'hw_thermal_slowdown'],
  [0x80n, 'hw_power_brake_slowdown'],
  [0x100n, 'display_clock_setting'],
];

export function throttleReasons(mask: bigint): readonly string[] {
  return REASONS.filter(([bit]) => (mask & bit) !== 0n).map(([, name]) => name);
}
