import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HardwareOptions } from '../probe-hardware.ts';
import type { FakeSmiPlan } from './fake-smi-plan.ts';
import { type HostTree, writeHostTree } from './host-tree.ts';

const FAKE_SMI = fileURLToPath(new URL('./nvidia-smi.fake.ts', import.meta.url));

/** A built machine: its files, and what the fake `nvidia-smi` answers; no tool when the plan is absent. */
export interface Machine {
  readonly tree: HostTree;
  readonly smi?: FakeSmiPlan;
}

export interface FakeSmiCall {
  readonly pid: number;
  readonly args: readonly string[];
}

/** A machine written into a temporary folder, which goes away with it. */
export interface InstalledMachine extends AsyncDisposable {
  /** What `probeHardware` needs to look at this machine and at nothing of the real one. */
  readonly options: Required<Pick<HardwareOptions, 'hostRoot' | 'nvidiaSmi' | 'amdSmi' | 'rocmSmi'>>;
  /** Calls of the fake tool so far. */
  readonly calls: () => Promise<readonly FakeSmiCall[]>;
  /** Changes what the fake tool answers from now on. */
  readonly replan: (plan: FakeSmiPlan) => Promise<void>;
}

export async function installMachine(machine: Machine): Promise<InstalledMachine> {
  const home = await mkdtemp(join(tmpdir(), 'flexinfer-machine-'));
  const hostRoot = join(home, 'root');
  const planPath = join(home, 'plan.json');
  const callsPath = join(home, 'calls.jsonl');
  const nvidiaSmi = join(home, 'nvidia-smi');
  await writeHostTree(hostRoot, { '/proc/version': 'built for a test\n', ...machine.tree });
  await writeFile(callsPath, '');
  if (machine.smi !== undefined) {
    await writeFile(planPath, JSON.stringify(machine.smi));
    const command = [process.execPath, FAKE_SMI, planPath, callsPath].map((word) => `'${word}'`).join(' ');
    // Node's own place for compiled programs: with it a call takes little more than half the time.
    const cache = join(tmpdir(), 'node-compile-cache');
    await writeFile(nvidiaSmi, `#!/bin/sh\nexport NODE_COMPILE_CACHE='${cache}'\nexec ${command} "$@"\n`);
    await chmod(nvidiaSmi, 0o755);
  }
  return {
    options: { hostRoot, nvidiaSmi, amdSmi: join(home, 'amd-smi'), rocmSmi: join(home, 'rocm-smi') },
    calls: async () => {
      const lines = (await readFile(callsPath, 'utf8')).split('\n').filter((line) => line !== '');
      return lines.map((line): FakeSmiCall => JSON.parse(line));
    },
    replan: (plan) => writeFile(planPath, JSON.stringify(plan)),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}
