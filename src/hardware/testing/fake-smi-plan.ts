/** What the fake `nvidia-smi` knows and how it misbehaves. Written to a file for each installed machine. */
export interface FakeSmiPlan {
  /** Cells by field name, units included as the real tool writes them: `{'memory.total': '81559 MiB'}`. */
  readonly devices: readonly Readonly<Record<string, string>>[];
  readonly apps?: readonly Readonly<Record<string, string>>[];
  /** `nvidia-smi -q -x` by PCI address as in `pci.bus_id`. */
  readonly xml?: Readonly<Record<string, string>>;
  /** Fields that this driver does not know, although newer or older ones do. */
  readonly unknownFields?: readonly string[];
  /** Devices, as in `pci.bus_id`, whose handle cannot be had: they end every listing that includes them. */
  readonly lost?: readonly string[];
  readonly faults?: FakeSmiFaults;
}

export interface FakeSmiFaults {
  /** Replaces the standard output of every call. */
  readonly stdout?: string;
  /** Lines after the regular output. */
  readonly appended?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
  readonly delayMs?: number;
  /** Never ends, and ignores SIGTERM. */
  readonly hang?: boolean;
  /** Leaves a process of another session behind, which holds both pipes for that long. */
  readonly grandchildMs?: number;
  /** Ends the output in the middle, after this many characters. */
  readonly truncateAt?: number;
  /** Writes this many bytes of a line that never ends, and then hangs. */
  readonly floodBytes?: number;
  /** Bytes that are no text, written into the name of every device. */
  readonly nameBytes?: readonly number[];
}
