/**
 * `npm test`: the static checks, then every test, real engines and all. Prints one closing line `N passed, N failed`
 * in which a failed static check counts as one failed test.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly success: boolean;
}

const folder = mkdtempSync(join(tmpdir(), 'flexinfer-test-'));
const reportFile = join(folder, 'report.json');
let passed = 0;
let failed = 0;

const checks = spawnSync(process.execPath, ['scripts/check.ts', '--static'], { stdio: 'inherit' });
if (checks.status === 0) passed += 1;
else failed += 1;

const vitest = spawnSync(
  'vitest',
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`],
  {
    stdio: 'inherit',
  },
);
try {
  const report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
  passed += report.numPassedTests;
  // A file that cannot even be loaded has no failed test in it, yet it failed.
  failed += Math.max(report.numFailedTests, report.success ? 0 : 1);
} catch (error) {
  console.error(`no test report: ${String(error)}`);
  failed += 1;
}
rmSync(folder, { recursive: true, force: true });

if (vitest.status !== 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
