import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from '../failure-of.ts';
import { hubEndpoint, hubToken, isOffline } from './credentials.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'flexinfer-home-'));
});
afterEach(() => rm(home, { recursive: true }));

async function put(path: string, text: string): Promise<string> {
  const full = join(home, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, text);
  return full;
}

describe('hubToken', () => {
  it('prefers HF_TOKEN over every file', async () => {
    await put('.cache/huggingface/token', 'hf_file');

    expect(await hubToken({ HOME: home, HF_TOKEN: ' hf_env\n' })).toBe('hf_env');
  });

  it('reads the file that the hub’s own tool writes', async () => {
    await put('.cache/huggingface/token', 'hf_file\n');

    expect(await hubToken({ HOME: home })).toBe('hf_file');
  });

  it('looks in XDG_CACHE_HOME, HF_HOME and HF_TOKEN_PATH, the more particular the later', async () => {
    await put('xdg/huggingface/token', 'hf_xdg');
    await put('hf/token', 'hf_home');
    const file = await put('secret', 'hf_path');
    const xdg = { HOME: home, XDG_CACHE_HOME: join(home, 'xdg') };

    expect(await hubToken(xdg)).toBe('hf_xdg');
    expect(await hubToken({ ...xdg, HF_HOME: join(home, 'hf') })).toBe('hf_home');
    expect(await hubToken({ ...xdg, HF_HOME: join(home, 'hf'), HF_TOKEN_PATH: file })).toBe('hf_path');
  });

  it('has none when nothing is set, the file is empty, or the implicit token is switched off', async () => {
    expect(await hubToken({ HOME: home })).toBeUndefined();
    await put('.cache/huggingface/token', ' \n');
    expect(await hubToken({ HOME: home })).toBeUndefined();
    await put('.cache/huggingface/token', 'hf_file');
    expect(await hubToken({ HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' })).toBeUndefined();
  });

  it('refuses a token that would break out of its header, without showing it', async () => {
    const failure = await failureOf(hubToken({ HOME: home, HF_TOKEN: 'hf_secret\r\nX-Evil: 1' }));

    expect(failure.code).toBe('AUTH_REQUIRED');
    expect(failure.message).not.toContain('hf_secret');
  });
});

describe('hubEndpoint', () => {
  it('takes a mirror with a path', () => {
    expect(new URL('api/x', hubEndpoint({ HF_ENDPOINT: 'https://mirror.example/hub' })).href).toBe(
      'https://mirror.example/hub/api/x',
    );
  });

  it('falls back to the public hub', () => {
    expect(hubEndpoint({ HF_ENDPOINT: '' }).protocol).toBe('https:');
  });

  it.each(['not an address', 'ftp://x', 'file:///etc'])('refuses %s', async (text) => {
    expect((await failureOf(() => hubEndpoint({ HF_ENDPOINT: text }))).code).toBe('USAGE');
  });
});

describe('isOffline', () => {
  it('understands the words that the hub’s own tools do', () => {
    expect(['1', 'ON', 'yes', 'True', '0', '', undefined].map((value) => isOffline({ HF_HUB_OFFLINE: value }))).toEqual(
      [true, true, true, true, false, false, false],
    );
  });
});
