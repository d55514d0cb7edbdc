import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EMBEDDED_VERSION, engineFolder, isInstalled, lockFolder, serverFile, variantOf } from './engine-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'flexinfer-folder-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Lock {
  readonly packages: Readonly<
    Record<string, { version?: string; integrity?: string; resolved?: string; optional?: boolean }>
  >;
}
const lock: Lock = JSON.parse(readFileSync(join(lockFolder('linux-x64'), 'package-lock.json'), 'utf8'));

describe('the shipped lock file', () => {
  it('has the version that the folder is named after, exactly', () => {
    const manifest: unknown = JSON.parse(readFileSync(join(lockFolder('linux-x64'), 'package.json'), 'utf8'));

    expect(manifest).toMatchObject({
      version: EMBEDDED_VERSION,
      dependencies: { 'node-llama-cpp': EMBEDDED_VERSION, '@node-llama-cpp/linux-x64': EMBEDDED_VERSION },
    });
    expect(lock.packages['node_modules/node-llama-cpp']?.version).toBe(EMBEDDED_VERSION);
  });

  it('has a digest for every package that is installed, and names no host to take it from', () => {
    const entries = Object.entries(lock.packages).filter(([path]) => path !== '');
    const bare = entries.filter(([, entry]) => entry.optional !== true && entry.integrity === undefined);

    expect(bare.map(([path]) => path)).toEqual([]);
    expect(entries.filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
    expect(entries.length).toBeGreaterThan(100);
  });
});

describe('engineFolder', () => {
  it('lies in the cache and changes with the lock file', async () => {
    const path = await engineFolder({ FLEXINFER_CACHE: folder }, 'linux-x64');

    expect(path.slice(folder.length)).toMatch(
      new RegExp(`^/engines/embedded-${EMBEDDED_VERSION}-linux-x64-[0-9a-f]{8}$`),
    );
  });

  it('lies under the home folder when no cache is named', async () => {
    expect(await engineFolder({ HOME: '/home/x' }, 'linux-x64')).toMatch(/^\/home\/x\/\.cache\/flexinfer\/engines\//);
  });
});

describe('serverFile', () => {
  it('is there', () => {
    expect(existsSync(serverFile)).toBe(true);
  });
});

describe('isInstalled', () => {
  it('tells a folder from nothing', async () => {
    expect(await isInstalled(folder)).toBe(true);
    expect(await isInstalled(join(folder, 'nothing'))).toBe(false);
  });
});

describe('variantOf', () => {
  it('knows the machines that a lock file is shipped for', () => {
    expect(variantOf('linux', 'x64')).toBe('linux-x64');
    expect(variantOf('linux', 's390x')).toBeUndefined();
    expect(variantOf('darwin', 'arm64')).toBeUndefined();
  });
});
