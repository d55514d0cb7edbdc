import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { command } from '../cluster/command.ts';

/** One file of the Python package index. */
export interface PythonFile {
  readonly package: string;
  readonly version: string;
  readonly kind: 'wheel' | 'source';
  readonly sha256: string;
}

/** Downloads the file with pip into `folder`, which must not exist yet, and returns its path. Its digest is checked. */
export async function pipDownload(file: PythonFile, folder: string): Promise<string> {
  const files = join(folder, 'files');
  await mkdir(files, { recursive: true });
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${file.package}==${file.version} --hash=sha256:${file.sha256}\n`);
  const how = file.kind === 'wheel' ? ['--only-binary=:all:'] : await withoutBuilding(folder, file);
  const stub = join(folder, 'stub');
  await command(
    ['python3', '-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', files, '-r', requirements, ...how],
    file.kind === 'wheel' ? {} : { env: { PYTHONPATH: stub, SETUPTOOLS_USE_DISTUTILS: 'stdlib' } },
  );
  const [name, ...more] = await readdir(files);
  if (name === undefined || more.length > 0) {
    throw new Error(`pip downloaded ${name === undefined ? 'nothing' : 'more than one file'} for ${file.package}`);
  }
  const path = join(files, name);
  await checkDigest(path, file.sha256);
  return path;
}

/**
 * pip asks the build system of a source archive for its metadata even when it only downloads, and some answer by
 * compiling everything. With build isolation off it imports the build system from `PYTHONPATH`, where this one is: it
 * writes the metadata and does nothing else (PEP 517).
 */
async function withoutBuilding(folder: string, file: PythonFile): Promise<string[]> {
  const module = join(folder, 'stub', 'setuptools');
  await mkdir(module, { recursive: true });
  await writeFile(join(module, '__init__.py'), '');
  const info = `${file.package.replaceAll('-', '_')}-${file.version}.dist-info`;
  await writeFile(
    join(module, 'build_meta.py'),
    [
      'import os',
      'def get_requires_for_build_wheel(config_settings=None):',
      '    return []',
      'def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):',
      `    folder = os.path.join(metadata_directory, ${JSON.stringify(info)})`,
      '    os.makedirs(folder)',
      '    with open(os.path.join(folder, "METADATA"), "w") as file:',
      `        file.write("Metadata-Version: 2.1\\nName: ${file.package}\\nVersion: ${file.version}\\n")`,
      `    return ${JSON.stringify(info)}`,
      'def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):',
      '    raise SystemExit("nothing is built here")',
      '',
    ].join('\n'),
  );
  return [`--no-binary=${file.package}`, '--no-build-isolation'];
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Removes the file and throws when it is not what was promised. */
export async function checkDigest(path: string, sha256: string): Promise<void> {
  const found = await sha256Of(path);
  if (found !== sha256) {
    await rm(path, { force: true });
    throw new Error(`${path} has the SHA-256 ${found} instead of ${sha256}`);
  }
}
