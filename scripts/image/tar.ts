/** A file of a tar archive, a symbolic link or a folder; folders above it are made by whoever unpacks. */
export type TarEntry =
  | { readonly path: string; readonly mode: number; readonly content: Buffer }
  | { readonly path: string; readonly linkTo: string }
  | { readonly path: string; readonly folderMode: number };

const BLOCK = 512;

/** A tar archive in ustar format, the same bytes for the same entries: no times, no owners. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) =>
    'content' in entry ? [header(entry), entry.content, padding(entry.content.length)] : [header(entry)],
  );
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = splitPath(entry.path);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  block.write(name, 0, 100);
  block.write(octal(modeOf(entry), 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal('content' in entry ? entry.content.length : 0, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('        ', 148);
  block.write('linkTo' in entry ? '2' : 'folderMode' in entry ? '5' : '0', 156);
  if ('linkTo' in entry) block.write(entry.linkTo, 157, 100);
  block.write('ustar\u000000', 257);
  block.write(prefix, 345, 155);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function modeOf(entry: TarEntry): number {
  if ('linkTo' in entry) return 0o777;
  return 'folderMode' in entry ? entry.folderMode : entry.mode;
}

function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  const slash = path.indexOf('/', path.length - 101);
  if (slash < 1 || slash > 155) throw new Error(`path too long for a tar header: ${path}`);
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

function padding(length: number): Buffer {
  return Buffer.alloc((BLOCK - (length % BLOCK)) % BLOCK);
}
