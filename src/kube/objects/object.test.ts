import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf, refOfKey } from './object.ts';

describe('keys', () => {
  it('lead back to the object they were made of', () => {
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?$/);
    fc.assert(
      fc.property(fc.option(name, { nil: undefined }), name, (namespace, name) => {
        const ref = namespace === undefined ? { name } : { namespace, name };

        expect(refOfKey(keyOf(ref))).toEqual(ref);
      }),
    );
  });
});
