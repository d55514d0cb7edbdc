/** `npm run check`: everything that can be said about the code without starting real programs. Runs all, then reports. */
import { spawnSync } from 'node:child_process';

const checks: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['format', 'biome', 'check', '--error-on-warnings', '.'],
  ['lint', 'oxlint', '--deny-warnings'],
  ['types', 'tsc'],
  ['import rules', 'depcruise', 'src', '--config', '.dependency-cruiser.cjs'],
  ['dead code', 'knip'],
];

const unit = ['unit tests', 'vitest', 'run', '--project', 'unit'] as const;
const failed: string[] = [];
for (const [name, command, ...args] of process.argv.includes('--static') ? checks : [...checks, unit]) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`check failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
