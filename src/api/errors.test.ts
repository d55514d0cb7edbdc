import { describe, expect, it } from 'vitest';
import { asFlexInferError, errorCatalogue, errorLine, FlexInferError } from './errors.ts';

describe('errorLine', () => {
  it('says code, what is wrong and what to do in one line', () => {
    const error = new FlexInferError('PORT_IN_USE', 'port 8000 is taken\nby another program', {
      todo: 'choose another with --port',
    });

    expect(errorLine(error)).toBe(
      'error[PORT_IN_USE]: port 8000 is taken by another program: choose another with --port',
    );
  });
});

describe('the catalogue', () => {
  it('uses only the exit codes of the contract', () => {
    const codes = new Set(Object.values(errorCatalogue).map((each) => each.exitCode));

    expect([...codes].sort((a, b) => a - b)).toEqual([1, 2, 3, 130]);
  });
});

describe('asFlexInferError', () => {
  it('keeps what already has a code and marks the rest as a fault of ours', () => {
    const known = new FlexInferError('NO_FIT', 'too large');

    expect(asFlexInferError(known)).toBe(known);
    expect(asFlexInferError(new TypeError('oops'))).toMatchObject({ code: 'INTERNAL', message: 'oops' });
  });
});
