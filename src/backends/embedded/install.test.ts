import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstallOptions } from '../engine.ts';
import { installEmbedded, npmError } from './install.ts';

let root: string;
let engines: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flexinfer-install-'));
  engines = join(root, 'engines');
  folder = join(engines, 'embedded');
});
afterEach(() => rmSync(root, { recursive: true }));

/** A stand-in for npm: a shell script that is told where to install with `--prefix`, as the third word. */
function withNpm(script: string): Record<string, string> {
  const bin = join(root, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\nplace="$3"\n${script}\n`);
  chmodSync(join(bin, 'npm'), 0o755);
  return { PATH: `${bin}:/usr/bin:/bin`, SECRET_REGISTRY_TOKEN: 'x' };
}

function options(lines: string[] = [], signal = new AbortController().signal): InstallOptions {
  return { signal, onLine: (line) => lines.push(line) };
}

const WORKS = `echo "$@" > "$place/arguments"; echo "$SECRET_REGISTRY_TOKEN" > "$place/token"; mkdir "$place/node_modules"`;

describe('installEmbedded', () => {
  it('installs exactly what the lock file says, without scripts and optional packages, with npm’s own configuration', async () => {
    const lines: string[] = [];

    await installEmbedded(folder, 'linux-x64', withNpm(WORKS), options(lines));

    expect(readFileSync(join(folder, 'arguments'), 'utf8')).toMatch(
      /^ci --prefix \S+ --omit=optional --ignore-scripts /,
    );
    expect(readFileSync(join(folder, 'token'), 'utf8')).toBe('x\n');
    expect(existsSync(join(folder, 'package-lock.json'))).toBe(true);
    expect(readdirSync(engines)).toEqual(['embedded']);
    expect(lines).toHaveLength(2);
  });

  it('does nothing when it is there already', async () => {
    mkdirSync(folder, { recursive: true });

    await installEmbedded(folder, 'linux-x64', withNpm('exit 1'), options());

    expect(readdirSync(folder)).toEqual([]);
  });

  it('lets two installations at once both end well', async () => {
    const env = withNpm(`sleep 0.2; ${WORKS}`);

    await Promise.all([1, 2, 3].map(() => installEmbedded(folder, 'linux-x64', env, options())));

    expect(readdirSync(engines)).toEqual(['embedded']);
    expect(existsSync(join(folder, 'node_modules'))).toBe(true);
  });

  it('leaves nothing behind when npm fails', async () => {
    const env = withNpm('mkdir "$place/node_modules"; echo "npm error code ENOTFOUND" >&2; exit 1');

    const failure = installEmbedded(folder, 'linux-x64', env, options());

    await expect(failure).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(readdirSync(engines)).toEqual([]);
  });

  it('ends npm and leaves nothing behind when it is interrupted', async () => {
    const env = withNpm('touch "$place/../started"; sleep 60');
    const controller = new AbortController();

    const installing = installEmbedded(folder, 'linux-x64', env, options([], controller.signal));
    await expect.poll(() => existsSync(join(engines, 'started')), { timeout: 5_000 }).toBe(true);
    controller.abort();

    await expect(installing).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(engines)).toEqual(['started']);
  });

  it('clears what a killed installation left, and only that', async () => {
    mkdirSync(join(engines, '.installing-999999999-abc'), { recursive: true });
    mkdirSync(join(engines, `.installing-${process.pid}-abc`), { recursive: true });

    await installEmbedded(folder, 'linux-x64', withNpm(WORKS), options());

    expect(readdirSync(engines).toSorted()).toEqual([`.installing-${process.pid}-abc`, 'embedded']);
  });

  it('says what to do without npm and without a cache to write to', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');

    const withoutNpm = installEmbedded(folder, 'linux-x64', { PATH: '/nonexistent' }, options());
    const withoutCache = installEmbedded(join(file, 'engines', 'x'), 'linux-x64', withNpm(WORKS), options());

    await expect(withoutNpm).rejects.toMatchObject({ code: 'NO_ENGINE', todo: expect.stringContaining('install npm') });
    await expect(withoutCache).rejects.toMatchObject({ code: 'CACHE_UNUSABLE' });
  });
});

describe('npmError', () => {
  it.each([
    ['no network', ['npm error code EAI_AGAIN', 'npm error request to … failed'], 'UNREACHABLE'],
    ['a mirror that alters packages', ['npm error code EINTEGRITY', 'npm error sha512-… integrity'], 'DIGEST_MISMATCH'],
    ['a full disk', ['npm ERR! code ENOSPC'], 'NO_SPACE'],
    ['anything else', ['npm error code E403', 'npm error 403 Forbidden'], 'NO_ENGINE'],
    ['silence', [], 'NO_ENGINE'],
  ])('makes one sentence of %s', (_, lines, code) => {
    expect(npmError(lines)).toMatchObject({ code });
  });

  it('repeats npm’s own reason when it has no better one', () => {
    const error = npmError(['npm error code E403', 'npm error 403 Forbidden', 'npm error A complete log …']);

    expect(error.message).toBe('the embedded engine cannot be installed: 403 Forbidden');
  });
});
