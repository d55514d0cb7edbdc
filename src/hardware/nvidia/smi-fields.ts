/**
 * What is asked of `nvidia-smi --query-gpu`. One unknown field makes the tool refuse the whole query, so newer and
 * older names are alternatives of each other and everything that can be done without is optional.
 */
export interface SmiField {
  /** The name the value is kept under. */
  readonly key: string;
  /** Names in order of preference. */
  readonly names: readonly string[];
  readonly optional: boolean;
}

const must = (key: string): SmiField => ({ key, names: [key], optional: false });
const may = (key: string, ...others: string[]): SmiField => ({ key, names: [key, ...others], optional: true });

/** Fast-moving values. `clocks_event_reasons` was `clocks_throttle_reasons` before driver 535. */
const READINGS: readonly SmiField[] = [
  must('memory.used'),
  must('memory.free'),
  must('utilization.gpu'),
  must('temperature.gpu'),
  must('power.draw'),
  may('enforced.power.limit', 'power.limit'),
  may('clocks.current.sm', 'clocks.sm'),
  may('clocks_event_reasons.active', 'clocks_throttle_reasons.active'),
];

/** Everything about a device at once. `name` comes last, where a comma in it does no harm. */
export const DESCRIBE_FIELDS: readonly SmiField[] = [
  must('index'),
  must('uuid'),
  must('pci.bus_id'),
  must('pci.device_id'),
  may('compute_cap'),
  must('memory.total'),
  may('mig.mode.current'),
  must('driver_version'),
  ...READINGS,
  must('name'),
];

/** Asked apart, so that a driver which knows none of them costs nothing else. */
export const HEALTH_FIELDS: readonly SmiField[] = [
  must('index'),
  must('pci.bus_id'),
  may('gpu_recovery_action'),
  may('addressing_mode'),
];

/** The total is there only to check the use against. */
export const READING_FIELDS: readonly SmiField[] = [
  must('index'),
  must('pci.bus_id'),
  must('memory.total'),
  ...READINGS,
];

/** Which names this driver has refused; kept as long as the probe lives, so each is tried once. */
export class FieldChoice {
  readonly #refused = new Set<string>();

  /** Field names to ask for and the key of each, in the same order. Fields of which every name was refused are left out. */
  choose(fields: readonly SmiField[]): readonly { readonly key: string; readonly name: string }[] {
    return fields.flatMap(({ key, names, optional }) => {
      const name = names.find((each) => !this.#refused.has(each)) ?? (optional ? undefined : names[0]);
      return name === undefined ? [] : [{ key, name }];
    });
  }

  /** Notes a refusal. False when the field is one that nothing can replace, or was refused before. */
  refuse(fields: readonly SmiField[], name: string): boolean {
    const field = fields.find((each) => each.names.includes(name));
    if (field === undefined || this.#refused.has(name)) return false;
    this.#refused.add(name);
    return field.optional || field.names.some((each) => !this.#refused.has(each));
  }
}
