import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { command } from '../cluster/command.ts';
import type { TarEntry } from './tar.ts';

/** Where the dynamic loader looks first, on this architecture. */
const LIBRARY_FOLDER = 'lib/x86_64-linux-gnu';

/**
 * What a program that is linked against glibc needs around it, and nothing more: its libraries and their loader, with
 * their licenses, a user, a folder for temporary files. No shell, no package manager.
 *
 * @param programs paths of the programs on this machine
 */
export async function runtimeFiles(programs: readonly string[]): Promise<readonly TarEntry[]> {
  const libraries = new Map<string, string>();
  for (const program of programs) {
    for (const [name, path] of await librariesOf(program)) libraries.set(name, path);
  }
  const entries = [...libraries.keys()].toSorted().map((name) => ({
    // The loader is found by the path that stands in every program, the others by name.
    path: name.startsWith('/') ? name.slice(1) : `${LIBRARY_FOLDER}/${name}`,
    mode: 0o755,
    content: readFileSync(libraries.get(name) ?? name),
  }));
  const licenses = await licensesOf([...libraries.values()]);
  return [...entries, ...licenses, ...ACCOUNT];
}

/** User 65532 is what other images without a shell use as well. */
const ACCOUNT: readonly TarEntry[] = [
  { path: 'tmp/', folderMode: 0o1777 },
  { path: 'etc/passwd', mode: 0o644, content: Buffer.from('flexinfer:x:65532:65532::/tmp:/sbin/nologin\n') },
  { path: 'etc/group', mode: 0o644, content: Buffer.from('flexinfer:x:65532:\n') },
  { path: 'etc/nsswitch.conf', mode: 0o644, content: Buffer.from('hosts: files dns\n') },
];

/** Each library with its path; the loader under the absolute path that programs name it by. */
async function librariesOf(program: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const line of (await command(['ldd', program])).split('\n')) {
    const [, name, target] = /^\s*(\S+)(?: => (\S+))? \(0x/.exec(line) ?? [];
    if (name === undefined || name.startsWith('linux-vdso')) continue;
    if (target === undefined && !name.startsWith('/')) throw new Error(`${program} needs ${name}, which is not here`);
    found.set(name, realpathSync(target ?? name));
  }
  return found;
}

/** The copyright files of the Debian packages the libraries come from. */
async function licensesOf(libraries: readonly string[]): Promise<readonly TarEntry[]> {
  const packages = new Set<string>();
  for (const library of libraries) {
    // Some packages know their files below /lib, where they are found through a link from there to /usr/lib.
    const owner = await ownerOf(library).catch(() => ownerOf(library.replace(/^\/usr/, '')));
    packages.add(owner);
  }
  return [...packages].toSorted().map((name) => {
    const path = `usr/share/doc/${name}/copyright`;
    return { path, mode: 0o644, content: readFileSync(join('/', path)) };
  });
}

async function ownerOf(file: string): Promise<string> {
  const [owner = ''] = (await command(['dpkg', '--search', file])).split(':');
  return owner;
}

/** A folder of this machine as entries below `target`. */
export function folderEntries(folder: string, target: string): readonly TarEntry[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const path = join(folder, name);
      if (lstatSync(path).isDirectory()) return folderEntries(path, `${target}/${name}`);
      return [{ path: `${target}/${basename(path)}`, mode: 0o644, content: readFileSync(path) }];
    });
}
