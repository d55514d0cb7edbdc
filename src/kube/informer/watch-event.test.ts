import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resource } from '../objects/resource.ts';
import { KubeError } from '../rest/kube-error.ts';
import { parseWatchEvent } from './watch-event.ts';

const pods = resource('v1', 'Pod', 'pods');
const parse = (event: unknown) => parseWatchEvent(JSON.stringify(event), pods);
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', uid: 'u', resourceVersion: '5' }, unheardOf: [1] };

describe('parseWatchEvent', () => {
  it('passes objects on with all their fields', () => {
    expect(parse({ type: 'MODIFIED', object: pod })).toEqual({ type: 'MODIFIED', object: pod });
  });

  it('tells the bookmark that ends the initial events from others', () => {
    const bookmark = (annotations: object) =>
      parse({ type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '9', annotations } } });

    expect(bookmark({})).toEqual({ type: 'BOOKMARK', resourceVersion: '9', initialEventsEnd: false });
    expect(bookmark({ 'k8s.io/initial-events-end': 'true' })).toMatchObject({ initialEventsEnd: true });
  });

  it('throws the error inside an ERROR event', () => {
    const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (7)' };

    expect(() => parse({ type: 'ERROR', object })).toThrow(
      expect.objectContaining({ code: 410, reason: 'Expired' }) as Error,
    );
  });

  it.each([
    ['no JSON', '{"type":"ADDED","obj'],
    ['no object', '{"type":"ADDED"}'],
    ['no event', '[]'],
    ['an unknown type', JSON.stringify({ type: 'MOVED', object: pod })],
    ['an object without a name', JSON.stringify({ type: 'ADDED', object: { metadata: {} } })],
    ['a bookmark without a version', JSON.stringify({ type: 'BOOKMARK', object: { metadata: {} } })],
  ])('calls %s a bad answer', (_, line) => {
    expect(() => parseWatchEvent(line, pods)).toThrow(expect.objectContaining({ reason: 'BadAnswer' }) as Error);
  });

  it('never throws anything but a KubeError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        let thrown: unknown;
        try {
          parseWatchEvent(line, pods);
        } catch (error) {
          thrown = error;
        }

        expect(thrown === undefined || thrown instanceof KubeError).toBe(true);
      }),
    );
  });
});
