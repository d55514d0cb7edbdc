import type { LocalEvent, Speed } from '../local/events.ts';
import { formatBytes, formatCount, formatDone, formatMiB, formatRate } from './format.ts';
import type { ProgressView } from './progress.ts';

/** Tells a person what `up` and `bench` are doing. */
export class LocalView {
  readonly #progress: ProgressView;

  constructor(progress: ProgressView) {
    this.#progress = progress;
  }

  show(event: LocalEvent): void {
    const view = this.#progress;
    switch (event.event) {
      case 'hardware': {
        const { cpu, memory, gpus } = event.inventory;
        const vector = cpu.avx512 ? ' with AVX-512' : '';
        view.line(
          `machine   ${cpu.model}, ${cpu.level}${vector}, ${cpu.allocatableCores} cores, ${formatMiB(memory.totalMiB)} memory`,
        );
        for (const gpu of gpus) {
          view.line(
            `          gpu ${gpu.index}: ${gpu.product ?? gpu.vendor}, ${gpu.arch ?? 'unknown architecture'}, ${formatMiB(gpu.vramMiB)}, ${gpu.health}`,
          );
        }
        for (const problem of event.inventory.problems)
          view.line(`          problem: ${problem.source}: ${problem.detail}`);
        view.line(`          device classes: ${event.deviceClasses.join(', ')}`);
        return;
      }
      case 'pull':
        if (event.phase === 'ready') view.end();
        else {
          view.bar(
            `${event.model}: ${event.phase}`,
            event.doneBytes,
            event.totalBytes,
            formatDone(event.doneBytes, event.totalBytes),
          );
        }
        return;
      case 'model':
        view.line(
          `${event.model}: ${event.architecture}, ${formatCount(event.parameters)} parameters, ${event.quantization}, ${formatBytes(event.sizeBytes)}; ` +
            `takes about ${formatMiB(event.memory.perGpuMiB)} (${formatMiB(event.memory.lowMiB)} to ${formatMiB(event.memory.highMiB)})`,
        );
        return;
      case 'placed':
        view.line(`${event.model}: goes to ${event.device} (${event.deviceClass}): ${event.why}`);
        return;
      case 'warning':
        view.line(`${event.model}: warning: ${event.message}`);
        return;
      case 'engine':
        view.line(`${event.model}: ${engineText(event)}`);
        return;
      case 'measure': {
        const rate = event.tokensPerSecond === undefined ? '' : `, ${formatRate(event.tokensPerSecond)} tokens/s`;
        view.bar(
          `${event.model}: measuring`,
          // The one that is under way is not done.
          event.index - 1,
          event.total,
          `${event.phase} ${event.index} of ${event.total}${rate}`,
        );
        return;
      }
      case 'measured':
        view.line(`${event.model}: ${speedText(event)}${measuredText(event)}`);
        return;
      case 'unmeasured':
        view.line(`${event.model}: not measured: ${event.reason}`);
        return;
      case 'ready':
        view.line('');
        view.line(
          `ready: ${event.endpoint}/v1 serves ${event.models.map((model) => model.name).join(', ')} (Ctrl-C stops)`,
        );
        view.line(`try:   ${exampleRequest(event.endpoint, event.models[0]?.name ?? '')}`);
        return;
      case 'stopping':
        view.line(`stopping: ${event.reason}`);
        return;
      case 'stopped':
        view.line('stopped');
    }
  }

  /** Clears a half-drawn bar, so that an error starts on a line of its own. */
  end(): void {
    this.#progress.end();
  }
}

function exampleRequest(endpoint: string, model: string): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }] });
  return `curl ${endpoint}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`;
}

function engineText(event: LocalEvent & { readonly event: 'engine' }): string {
  switch (event.state) {
    case 'installing':
      return event.detail;
    case 'ready':
      return `${event.backend} ${event.version} ready in ${event.startSeconds.toFixed(1)} s, ${event.threads} ${event.threads === 1 ? 'thread' : 'threads'}`;
    default:
      return `${event.backend} ended: ${event.detail}`;
  }
}

/** When a record is older than this start, and what it says against itself. */
function measuredText(event: LocalEvent & { readonly event: 'measured' }): string {
  const when = event.reused ? `, measured ${event.measuredAt.slice(0, 16).replace('T', ' ')} UTC` : '';
  return event.flags.length === 0 ? when : `${when}; ${event.flags.join(', ')}`;
}

/** `46.3 tokens/s (45.1 to 47.0, 5 runs)`. */
export function speedText(speed: Speed): string {
  const runs = `${speed.samples} ${speed.samples === 1 ? 'run' : 'runs'}`;
  const spread =
    speed.low === undefined || speed.high === undefined
      ? runs
      : `${formatRate(speed.low)} to ${formatRate(speed.high)}, ${runs}`;
  return `${formatRate(speed.tokensPerSecond)} tokens/s (${spread})`;
}
