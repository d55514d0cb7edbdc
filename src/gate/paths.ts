/**
 * What a path is for. `generate`: makes tokens, which are counted. `work`: occupies the engine (embeddings, ranking).
 * `ask`: a quick question, passed without a place in the queue and without mapping names.
 */
export type PathUse = 'generate' | 'work' | 'ask';

const OPENAI: Readonly<Record<string, PathUse>> = {
  '/v1/chat/completions': 'generate',
  '/v1/completions': 'generate',
  '/v1/responses': 'generate',
  '/v1/messages': 'generate',
};

const LLAMACPP: Readonly<Record<string, PathUse>> = {
  '/completion': 'generate',
  '/completions': 'generate',
  '/chat/completions': 'generate',
  '/infill': 'generate',
  '/embedding': 'work',
  '/embeddings': 'work',
  '/rerank': 'work',
  '/reranking': 'work',
  '/tokenize': 'ask',
  '/detokenize': 'ask',
  '/apply-template': 'ask',
  '/props': 'ask',
};

/** The engines' own paths that a client may use. Those that load, delete or change something are not among them. */
const NATIVE: Readonly<Record<string, Readonly<Record<string, PathUse>>>> = {
  llamacpp: LLAMACPP,
  embedded: LLAMACPP,
  ollama: {
    '/api/generate': 'generate',
    '/api/chat': 'generate',
    '/api/embed': 'work',
    '/api/embeddings': 'work',
    '/api/show': 'work',
    '/api/tags': 'ask',
    '/api/ps': 'ask',
    '/api/version': 'ask',
  },
  vllm: {
    '/tokenize': 'work',
    '/detokenize': 'work',
    '/rerank': 'work',
    '/score': 'work',
    '/pooling': 'work',
    '/classify': 'work',
    '/version': 'ask',
  },
};

/** Below `/v1/`, yet management: vLLM's adapters are loaded from any path the client names. */
const MANAGEMENT = new Set(['/v1/load_lora_adapter', '/v1/unload_lora_adapter']);

/** `llama-server` takes properties by POST and Ollama asks by POST: what may be read is not always what may be sent. */
const READ_ONLY = new Set(['/props', '/api/tags', '/api/ps', '/api/version', '/version']);

/**
 * What `path` means to an engine of kind `backend`, or `undefined` when it does not pass. An engine of the user's own
 * (`custom`) is behind the gate with all its paths: only the user knows them.
 */
export function pathUse(path: string, method: string, backend: string): PathUse | undefined {
  if (READ_ONLY.has(path) && method !== 'GET' && method !== 'HEAD') return undefined;
  const known = OPENAI[path] ?? NATIVE[backend]?.[path];
  if (known !== undefined) return known;
  if (MANAGEMENT.has(path)) return undefined;
  return path.startsWith('/v1/') || backend === 'custom' ? 'work' : undefined;
}

/** Whether requests on this path name a model, so that a missing name is filled in. */
export function namesModel(path: string): boolean {
  return path.startsWith('/v1/') || path.startsWith('/api/');
}

/**
 * The path of a request target without its query, or `undefined` for a target that two programs could read in two ways:
 * not starting with a slash, or with dot segments, empty segments, backslashes, or any of these in disguise.
 */
export function plainPath(target: string): string | undefined {
  const [path = ''] = target.split('?', 1);
  if (!path.startsWith('/') || /[^\x21-\x7e]|[\\#;]|%(?:2e|2f|5c|00|25)/i.test(path)) return undefined;
  const segments = path.slice(1).split('/');
  const odd = segments.some((segment, index) => segment === '.' || segment === '..' || (segment === '' && index > 0));
  return odd || path.startsWith('//') ? undefined : path;
}
