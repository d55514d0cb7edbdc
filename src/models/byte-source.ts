import { open } from 'node:fs/promises';
import { FlexInferError } from '../api/errors.ts';

/** Anything that bytes can be read from by position: a local file or HTTP range requests. */
export interface ByteSource {
  /** What people call it, for messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** At most `length` bytes from `offset`; fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Reads a local file by position. Close it with `await using`. */
export async function openFileSource(path: string, name = path): Promise<ByteSource & AsyncDisposable> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    return {
      name,
      sizeBytes: size,
      async read(offset, length) {
        const buffer = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
        let filled = 0;
        while (filled < buffer.length) {
          const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, offset + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return buffer.subarray(0, filled);
      },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export function memorySource(bytes: Uint8Array, name = 'memory'): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

/** The one error of every header reader. */
export function invalidModelFile(name: string, what: string, todo = 'get the file again'): FlexInferError {
  return new FlexInferError('INVALID_MODEL_FILE', `${name}: ${what}`, { todo });
}
