import { FlexInferError } from '../api/errors.ts';

export function cancelled(): FlexInferError {
  return new FlexInferError('CANCELLED', 'the download was interrupted', { todo: 'start it again to go on' });
}
