import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { randomLlama } from '../../models/gguf/synthetic-models.ts';
import { ggufBytes } from '../../models/gguf/write-gguf.ts';

const STORE = fileURLToPath(new URL('../../models/model-store.ts', import.meta.url));

/**
 * Brings a small model into a store from another process, which ends: a process that has a model keeps it from being
 * removed for as long as it lives.
 */
export async function writeSmallModel(store: { readonly root: string }): Promise<{ readonly sizeBytes: number }> {
  const bytes = ggufBytes(randomLlama());
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const file = `${store.root}.gguf`;
  await writeFile(file, bytes);
  const program = `import { ModelStore } from ${JSON.stringify(STORE)};
    await new ModelStore(process.argv[1]).importFile('hf://org/small@main/small.gguf', process.argv[2], { sha256: process.argv[3] });`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, store.root, file, sha256]);
  return { sizeBytes: bytes.length };
}
