import { describe, expect, it } from 'vitest';
import { Hardware } from '../hardware/probe-hardware.ts';
import { installMachine, type Machine } from '../hardware/testing/install-machine.ts';
import * as machines from '../hardware/testing/machines.ts';
import { ManualClock } from '../kube/time/manual-clock.fake.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { Observer } from './cycle.ts';
import { AgentMetrics } from './metrics/agent-metrics.ts';
import { reportOf } from './report.ts';

/** Where the expected texts are; the README there says how each machine came about. */
const GOLDEN = '../../test/fixtures/hardware/golden';

const MACHINES: Readonly<Record<string, Machine>> = {
  'bare-node': machines.bareNode,
  'bmc-only': machines.bmcOnly,
  'arm64-server': machines.arm64Server,
  'one-h100': machines.oneH100,
  'eight-h100': machines.eightH100,
  'a100-mig': machines.a100Mig,
  'rtx-4090-beside-intel': machines.rtx4090BesideIntel,
  'tesla-t4': machines.teslaT4,
  gb10: machines.gb10,
  'jetson-orin': machines.jetsonOrin,
  'mi250-two-dies': machines.mi250,
  'mi300x-cpx': machines.mi300xCpx,
  'rx-7900-xtx': machines.rx7900,
  'bmc-and-rx-7900-xt': machines.bmcAndGpu,
  'apu-only': machines.apuOnly,
  'apu-beside-card': machines.apuBesideCard,
  'nvidia-and-amd': machines.mixedVendors,
  'passed-through': machines.passedThrough,
};

describe('labels, devices, problems and metrics of a machine', () => {
  it.each(Object.entries(MACHINES))('%s', async (name, machine) => {
    await using installed = await installMachine(machine);
    const clock = new ManualClock();
    const metrics = new AgentMetrics(new MetricsRegistry(), 'node-1');

    const cycle = await new Observer(new Hardware(installed.options), clock, 30_000).look(AbortSignal.timeout(60_000));
    metrics.show(cycle);

    const report = JSON.stringify(reportOf(cycle.seen, {}, 'flexinfer.ai/'), undefined, 2);
    const series = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    await expect(`${report}\n\n${series.join('\n')}\n`).toMatchFileSnapshot(`${GOLDEN}/${name}.txt`);
  });
});
