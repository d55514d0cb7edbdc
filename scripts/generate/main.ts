/** `npm run generate`: writes every file that is made from the code. A unit test fails when one of them is out of date. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OUTPUTS } from './outputs.ts';

const root = join(import.meta.dirname, '..', '..');

for (const output of OUTPUTS) {
  const path = join(root, output.path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, output.content());
  console.log(output.path);
}
