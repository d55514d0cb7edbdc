import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Why a tool could not be started. */
export type ToolFault = 'tool_absent' | 'tool_not_executable' | 'tool_not_runnable' | 'tool_failed_to_start';

/** ELF machine numbers by Node's names. Source: the ELF specification's registry, as in Linux `elf-em.h`. */
const ELF_MACHINES: Readonly<Record<string, number>> = {
  x64: 62,
  arm64: 183,
  ia32: 3,
  arm: 40,
  ppc64: 21,
  riscv64: 243,
};

/** Where drivers put their tools without adding them to `PATH`: node images of clouds, the GPU operator, WSL. */
const DRIVER_DIRECTORIES = ['/usr/local/nvidia/bin', '/run/nvidia/driver/usr/bin', '/opt/rocm/bin', '/usr/lib/wsl/lib'];

/** `PATH` with the drivers' own places behind it. */
export function toolSearchPath(): string {
  return [...(process.env['PATH'] ?? '').split(delimiter), ...DRIVER_DIRECTORIES]
    .filter((each) => each !== '')
    .join(delimiter);
}

/**
 * Tells apart why `spawn` failed. The kernel says ENOENT both for a missing file and for a missing loader, as with a
 * glibc program in a musl image; the two want different remedies.
 */
export async function diagnoseTool(tool: string, cause: unknown): Promise<{ reason: ToolFault; detail: string }> {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const path = await findTool(tool);
  if (path === undefined) return { reason: 'tool_absent', detail: `${tool} was not found` };
  if (code === 'EACCES') return { reason: 'tool_not_executable', detail: `${path} may not be executed` };
  if (code === 'ENOEXEC' || (await isForeign(path))) {
    return { reason: 'tool_not_runnable', detail: `${path} is made for another processor` };
  }
  if (code === 'ENOENT') return { reason: 'tool_not_runnable', detail: `${path} exists but its loader does not` };
  return { reason: 'tool_failed_to_start', detail: `${path}: ${code}` };
}

/** Whether a program was built for a processor other than this one. The C library then tries it as a shell script. */
export async function isForeign(path: string): Promise<boolean> {
  const head = await readHead(path);
  if (head === undefined || head.length < 20 || head.toString('latin1', 0, 4) !== '\x7fELF') return false;
  const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18);
  const own = ELF_MACHINES[process.arch];
  return own !== undefined && machine !== own;
}

/** Full path of a tool: itself when it names a path, otherwise the first match on the search path, executable or not. */
export async function findTool(tool: string): Promise<string | undefined> {
  const candidates = tool.includes('/')
    ? [tool]
    : toolSearchPath()
        .split(delimiter)
        .map((directory) => join(directory, tool));
  for (const candidate of candidates) {
    if (await exists(candidate)) return candidate;
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}

async function readHead(path: string): Promise<Buffer | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(20) });
    return buffer.subarray(0, bytesRead);
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}
