/**
 * `npm run image`: builds the image with every program as an archive in OCI layout. With `--rootfs`, unpacks its files
 * into a folder instead, for `images/Dockerfile`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { command } from '../cluster/command.ts';
import { writeImageArchive } from './image-archive.ts';
import { productImage } from './product-image.ts';
import { tar } from './tar.ts';

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'flexinfer.test/flexinfer:dev' },
    output: { type: 'string', default: 'images/flexinfer.tar' },
    rootfs: { type: 'string' },
    compress: { type: 'boolean', default: false },
  },
});

const root = join(import.meta.dirname, '..', '..');
const built = spawnSync(process.execPath, [join(root, 'scripts/build.ts')], { stdio: 'inherit' });
if (built.status !== 0) throw new Error('the build failed');
const plan = await productImage(values.name);

if (values.rootfs === undefined) {
  writeImageArchive(values.output, { ...plan, compress: values.compress });
  console.log(values.output);
} else {
  rmSync(values.rootfs, { recursive: true, force: true });
  mkdirSync(values.rootfs, { recursive: true });
  for (const layer of plan.layers) {
    await command(['tar', '-x', '-p', '-C', values.rootfs], { input: tar(layer) });
  }
  console.log(values.rootfs);
}
