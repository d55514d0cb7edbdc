import { FlexInferError } from '../api/errors.ts';
import type { HuggingFaceReference } from './hub/hugging-face.ts';
import type { ModelReference } from './model.ts';
import { isGguf } from './shards.ts';

/** What the store says no to, in words. */

export function notYet(source: string, reference: ModelReference): FlexInferError {
  return new FlexInferError('UNSUPPORTED', `${source}: ${reference.scheme}:// models cannot be pulled yet`, {
    todo: 'use an hf:// or file:// model',
  });
}

export function refuseOtherFormats(source: string, { file }: HuggingFaceReference): void {
  if (file === undefined || isGguf(file)) return;
  throw new FlexInferError('UNSUPPORTED', `${source}: only GGUF files can be pulled yet`, {
    todo: 'name a .gguf file',
  });
}

export function neverPulled(source: string): FlexInferError {
  return new FlexInferError('MODEL_NOT_FOUND', `${source} is not in the model cache, and its pull policy is Never`, {
    todo: 'pull it first with flexinfer models pull, or set pullPolicy to IfNotPresent',
  });
}

export function vanished(source: string): FlexInferError {
  return new FlexInferError('CACHE_UNUSABLE', `${source} vanished from the model cache while it was put together`, {
    todo: 'do not prune while models are pulled; try again',
  });
}
