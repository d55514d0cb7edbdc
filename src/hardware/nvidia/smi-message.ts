import { normalizePciAddress } from '../pci/pci-address.ts';

/** What the tool says to people when it has no table, or besides one. */
export type SmiMessage =
  | { readonly reason: 'unknown_field'; readonly field: string }
  /** The address is absent when the message names the device only by number. */
  | { readonly reason: 'device_lost' | 'inforom_corrupted'; readonly address?: string }
  | { readonly reason: SmiFailure };

type SmiFailure =
  | 'driver_not_loaded'
  | 'library_mismatch'
  | 'nvml_unknown_error'
  | 'nvml_missing'
  | 'no_permission'
  | 'no_devices'
  | 'tool_not_runnable';

const FAILURES: readonly (readonly [pattern: RegExp, reason: SmiFailure])[] = [
  [/couldn't communicate with the NVIDIA driver/i, 'driver_not_loaded'],
  [/Failed to initialize NVML: Driver\/library version mismatch/i, 'library_mismatch'],
  [/Failed to initialize NVML: Driver Not Loaded/i, 'driver_not_loaded'],
  [/Failed to initialize NVML: Insufficient Permissions/i, 'no_permission'],
  [/Failed to initialize NVML: (Unknown Error|GPU access blocked)/i, 'nvml_unknown_error'],
  [/couldn't find libnvidia-ml|NVML: (Shared )?Library Not Found|NVML: Function Not Found/i, 'nvml_missing'],
  [/No devices were found/i, 'no_devices'],
  [/error while loading shared libraries|cannot execute|Exec format error/i, 'tool_not_runnable'],
];

/** Exit statuses with one meaning, for when the words are unfamiliar. Source: nvidia-smi(1), "Return Value". */
const EXIT_CODES: ReadonlyMap<number, SmiFailure> = new Map([
  [4, 'no_permission'],
  [6, 'no_devices'],
  [9, 'driver_not_loaded'],
  [12, 'nvml_missing'],
  [13, 'nvml_missing'],
  [126, 'tool_not_runnable'],
  [127, 'tool_not_runnable'],
]);

/** Every message in a text, in no order that matters. */
export function parseSmiMessages(text: string): readonly SmiMessage[] {
  const messages: SmiMessage[] = [];
  for (const line of text.split(/\r?\n/)) {
    const field = /Field "([^"]{1,100})" is not a valid field to query/.exec(line);
    if (field?.[1] !== undefined) messages.push({ reason: 'unknown_field', field: field[1] });
    if (/infoROM is corrupted/i.test(line)) messages.push(about('inforom_corrupted', line));
    else if (/Unable to determine the device handle|GPU is lost/i.test(line)) messages.push(about('device_lost', line));
    for (const [pattern, reason] of FAILURES) {
      if (pattern.test(line)) messages.push({ reason });
    }
  }
  return messages;
}

/** What an exit status alone says; 14 and 15 speak of devices and are told by their messages or per device. */
export function failureOfExit(exitCode: number): SmiFailure | undefined {
  return EXIT_CODES.get(exitCode);
}

function about(reason: 'device_lost' | 'inforom_corrupted', line: string): SmiMessage {
  const match = /((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])/i.exec(line);
  const address = match?.[1] === undefined ? undefined : normalizePciAddress(match[1]);
  return address === undefined ? { reason } : { reason, address };
}
