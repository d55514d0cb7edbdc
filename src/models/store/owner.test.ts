import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { newFreeToken, newOwnerToken, ownerState } from './owner.ts';

describe('ownerState', () => {
  it('knows that this process is alive', () => {
    expect(ownerState(newOwnerToken())).toBe('alive');
  });

  it('knows that another process has gone', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    const token = newOwnerToken().replace(`-${process.pid}-`, `-${child.pid}-`);
    await once(child, 'exit');

    expect(ownerState(token)).toBe('gone');
  });

  it('is not fooled by a process id that was given out again', () => {
    const [boot, namespace, pid, , random] = newOwnerToken().split('-');

    expect(ownerState([boot, namespace, pid, '1', random].join('-'))).toBe('gone');
  });

  it('makes no claim about another boot or container', () => {
    const [boot, namespace, ...rest] = newOwnerToken().split('-');

    expect(ownerState(['00000000', namespace, ...rest].join('-'))).toBe('elsewhere');
    expect(ownerState([boot, '1', ...rest].join('-'))).toBe('elsewhere');
  });

  it('lets everybody have what was set free', () => {
    expect(ownerState(newFreeToken())).toBe('gone');
  });

  it('has nothing to say about names it did not make', () => {
    expect(ownerState('notes.txt')).toBeUndefined();
  });
});
