import { describe, expect, it } from 'vitest';
import { pathUse, plainPath } from './paths.ts';

describe('the plain form of a path', () => {
  it.each([
    ['/v1/models', '/v1/models'],
    ['/v1/models?x=../y', '/v1/models'],
    ['/', '/'],
    ['/v1/', undefined],
    ['/a%20b', '/a%20b'],
  ])('of %j is %j', (target, path) => {
    expect(plainPath(target)).toBe(path);
  });

  it.each([
    'http://other.example/v1/models',
    '*',
    '',
    '//v1/models',
    '/v1//models',
    '/v1/../api/delete',
    '/v1/./models',
    '/v1/%2e%2E/api/delete',
    '/v1%2fmodels',
    '/v1\\models',
    '/v1/models;x=1',
    '/v1/models%00',
    '/v1/mödels',
    '/v1/%252e%252e/x',
  ])('does not exist for %j', (target) => {
    expect(plainPath(target)).toBeUndefined();
  });
});

describe('the use of a path', () => {
  it.each([
    ['POST', '/v1/chat/completions', 'vllm', 'generate'],
    ['POST', '/v1/embeddings', 'llamacpp', 'work'],
    ['POST', '/completion', 'llamacpp', 'generate'],
    ['POST', '/completion', 'embedded', 'generate'],
    ['POST', '/api/generate', 'ollama', 'generate'],
    ['GET', '/props', 'llamacpp', 'ask'],
    ['POST', '/anything/at/all', 'custom', 'work'],
  ])('%s %s of %s is to %s', (method, path, backend, use) => {
    expect(pathUse(path, method, backend)).toBe(use);
  });

  it.each([
    ['DELETE', '/api/delete', 'ollama'],
    ['POST', '/api/pull', 'ollama'],
    ['POST', '/api/create', 'ollama'],
    ['POST', '/props', 'llamacpp'],
    ['GET', '/slots', 'llamacpp'],
    ['POST', '/slots/0', 'llamacpp'],
    ['POST', '/v1/load_lora_adapter', 'vllm'],
    ['POST', '/sleep', 'vllm'],
    ['POST', '/completion', 'ollama'],
    ['GET', '/metrics', 'llamacpp'],
    ['POST', '/constructor', 'llamacpp'],
  ])('%s %s of %s does not pass', (method, path, backend) => {
    expect(pathUse(path, method, backend)).toBeUndefined();
  });
});
