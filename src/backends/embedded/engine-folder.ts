import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The version of node-llama-cpp in the lock files; a test compares them. */
export const EMBEDDED_VERSION = '3.22.1';

/** Machines a lock file is shipped for, as `<platform>-<architecture>` in Node's words. CPU only so far. */
const VARIANTS = ['linux-x64'] as const;

export type Variant = (typeof VARIANTS)[number];

export function variantOf(platform: string, architecture: string): Variant | undefined {
  return VARIANTS.find((variant) => variant === `${platform}-${architecture}`);
}

/** Run from source this file lies among what it looks for; bundled, that lies in `embedded/` beside the bundle. */
const fromSource = import.meta.url.endsWith('.ts');

/** `package.json` and `package-lock.json` of a variant, as shipped. */
export function lockFolder(variant: Variant): string {
  return fileURLToPath(new URL(fromSource ? `./${variant}/` : `./embedded/${variant}/`, import.meta.url));
}

/** The program that serves the model in a process of its own. */
export const serverFile = fileURLToPath(
  fromSource ? new URL('./server/main.ts', import.meta.url) : new URL('./embedded/server/main.js', import.meta.url),
);

/**
 * Where a variant is installed in the user's cache. The name carries a part of the lock file's digest, so that another
 * lock is another engine and nothing installed is ever changed.
 */
export async function engineFolder(
  env: Readonly<Record<string, string | undefined>>,
  variant: Variant,
): Promise<string> {
  const lock = await readFile(join(lockFolder(variant), 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 8);
  return join(enginesFolder(env), `embedded-${EMBEDDED_VERSION}-${variant}-${digest}`);
}

function enginesFolder(env: Readonly<Record<string, string | undefined>>): string {
  const named = env['FLEXINFER_CACHE'];
  const home = env['HOME'] ?? homedir();
  return join(named === undefined || named === '' ? join(home, '.cache', 'flexinfer') : resolve(named), 'engines');
}

/** Whether the folder is there. It only ever appears complete, by a rename. */
export async function isInstalled(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).isDirectory();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return false;
    }
    throw error;
  }
}
