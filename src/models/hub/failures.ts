import { FlexInferError } from '../../api/errors.ts';
import { type HttpResponse, notAHub } from './http.ts';

/**
 * What an error answer of the hub means for the person who wrote the reference.
 * Source: the X-Error-Code values that huggingface_hub's hf_raise_for_status knows.
 */
export async function hubFailure(response: HttpResponse, label: string, hasToken: boolean): Promise<FlexInferError> {
  await response.body.dump();
  const { status } = response;
  const code = response.header('x-error-code') ?? '';
  if (code === 'GatedRepo') {
    const todo = hasToken
      ? 'ask for access on the page of the repository; the token in use has none'
      : 'accept the terms on the page of the repository and set HF_TOKEN';
    return new FlexInferError('AUTH_REQUIRED', `${label}: the repository is gated`, { todo });
  }
  if (code === 'EntryNotFound') return notFound(`${label}: the repository has no such file`, 'check the file name');
  if (code === 'RevisionNotFound') {
    return notFound(`${label}: the repository has no such revision`, 'name a branch, tag or commit after @');
  }
  if (code === 'DisabledRepo')
    return notFound(`${label}: the repository was disabled by the hub`, 'choose another one');
  if (status === 401) return unauthorised(response, label, hasToken);
  if (status === 403) {
    return new FlexInferError('AUTH_REQUIRED', `${label}: the hub forbids access to it`, {
      todo: 'use a token with the right to read the repository (HF_TOKEN)',
    });
  }
  if (status === 404) return notFound(`${label}: the hub has no such repository`, 'check the spelling');
  return notAHub(response.url, `answered ${status}`);
}

/** The hub answers 401 to strangers for what does not exist too, so that nobody can probe for private names. */
function unauthorised(response: HttpResponse, label: string, hasToken: boolean): FlexInferError {
  const refused = hasToken && response.header('x-error-code') !== 'RepoNotFound';
  return refused
    ? new FlexInferError('AUTH_REQUIRED', `${label}: the hub refused the token`, {
        todo: 'replace the token in HF_TOKEN',
      })
    : new FlexInferError('AUTH_REQUIRED', `${label}: the repository does not exist or is private`, {
        todo: hasToken
          ? 'check the spelling and the rights of the token'
          : 'check the spelling; for a private repository set HF_TOKEN',
      });
}

function notFound(what: string, todo: string): FlexInferError {
  return new FlexInferError('MODEL_NOT_FOUND', what, { todo });
}
