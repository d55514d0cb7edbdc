import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { makeStateFolder } from './state-directory.ts';

const MAX_BYTES = 16 * 1024 * 1024;

/** Where the output of one model's engine goes: a file per model, begun anew at every `up`, bounded in size. */
export class EngineLog {
  readonly path: string;
  readonly #stream: WriteStream;
  #bytes = 0;

  private constructor(path: string) {
    this.path = path;
    this.#stream = createWriteStream(path);
    // A full disk must not end the server; the log is then short, and the disk's state is told by what needs it.
    this.#stream.on('error', () => {
      this.#bytes = MAX_BYTES;
    });
  }

  static async open(stateDirectory: string, model: string): Promise<EngineLog> {
    const folder = join(stateDirectory, 'logs');
    await makeStateFolder(folder);
    return new EngineLog(join(folder, `${model}.log`));
  }

  write(line: string): void {
    if (this.#bytes >= MAX_BYTES) return;
    this.#bytes += line.length + 1;
    this.#stream.write(this.#bytes < MAX_BYTES ? `${line}\n` : '(the log has reached its limit)\n');
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.end(resolve);
    });
  }
}
