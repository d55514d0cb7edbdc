import type { Inventory } from '../hardware/inventory.ts';
import type { Footprint, PullPhase } from '../models/model.ts';

/** What `up` and `bench` report while they work; `--output json` prints these objects, one a line. */
export type LocalEvent =
  | { readonly event: 'hardware'; readonly inventory: Inventory; readonly deviceClasses: readonly string[] }
  | {
      readonly event: 'pull';
      readonly model: string;
      readonly phase: PullPhase;
      readonly doneBytes: number;
      readonly totalBytes?: number;
    }
  | {
      readonly event: 'model';
      readonly model: string;
      readonly source: string;
      readonly architecture: string;
      readonly parameters: number;
      readonly quantization: string;
      readonly sizeBytes: number;
      readonly memory: Footprint;
    }
  | {
      readonly event: 'placed';
      readonly model: string;
      readonly device: string;
      readonly deviceClass: string;
      readonly why: string;
      /** The whole explanation, a line per device. */
      readonly explanation: string;
    }
  | { readonly event: 'warning'; readonly model: string; readonly message: string }
  | {
      readonly event: 'engine';
      readonly model: string;
      readonly backend: string;
      readonly state: 'installing';
      readonly detail: string;
    }
  | {
      readonly event: 'engine';
      readonly model: string;
      readonly backend: string;
      readonly state: 'ready';
      readonly version: string;
      readonly startSeconds: number;
      readonly threads: number;
    }
  | {
      readonly event: 'engine';
      readonly model: string;
      readonly backend: string;
      readonly state: 'exited';
      readonly detail: string;
    }
  | {
      readonly event: 'measure';
      readonly model: string;
      readonly phase: 'warm-up' | 'run';
      readonly index: number;
      readonly total: number;
      readonly tokensPerSecond?: number;
    }
  | ({
      readonly event: 'measured';
      readonly model: string;
      readonly reused: boolean;
      readonly measuredAt: string;
      readonly flags: readonly string[];
    } & Speed)
  | { readonly event: 'unmeasured'; readonly model: string; readonly reason: string }
  | { readonly event: 'ready'; readonly endpoint: string; readonly models: readonly ReadyModel[] }
  | { readonly event: 'stopping'; readonly reason: string }
  | { readonly event: 'stopped' };

/** Tokens per second: the median and, from three samples on, the interval it lies in. */
export interface Speed {
  readonly tokensPerSecond: number;
  readonly low?: number;
  readonly high?: number;
  readonly samples: number;
}

export interface ReadyModel extends Partial<Speed> {
  readonly name: string;
  readonly backend: string;
  readonly deviceClass: string;
}

export type OnEvent = (event: LocalEvent) => void;
