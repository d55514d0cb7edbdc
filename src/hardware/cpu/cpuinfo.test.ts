import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { h100Capture } from '../testing/captures.ts';
import { parseCpuInfo } from './cpuinfo.ts';

const captured = h100Capture('cpuinfo.txt');

describe('parseCpuInfo', () => {
  it('reads a captured 16-core server', () => {
    expect(parseCpuInfo(captured)).toEqual({
      model: 'Intel(R) Xeon(R) Processor',
      architecture: 'x86-64',
      x86Level: 'v4',
      avx512: true,
      logicalCpus: 16,
    });
  });

  it('has AVX-512 only when every logical CPU has it', () => {
    const last = captured.lastIndexOf(' avx512vl');
    const oneWithout = captured.slice(0, last) + captured.slice(last + ' avx512vl'.length);

    expect(parseCpuInfo(oneWithout)).toMatchObject({ avx512: false, x86Level: 'v3', logicalCpus: 16 });
  });

  it('knows no level when a CPU lists no flags', () => {
    const text = 'processor : 0\nmodel name : X\nflags : lm avx\n\nprocessor : 1\nmodel name : X\n';

    expect(parseCpuInfo(text)).toEqual({ model: 'X', architecture: 'x86-64', avx512: false, logicalCpus: 2 });
  });

  it('names an arm64 server by its core', () => {
    const block = (cpu: number): string =>
      `processor\t: ${cpu}\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd sve\nCPU implementer\t: 0x41\n` +
      'CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n';

    expect(parseCpuInfo(block(0) + block(1))).toEqual({
      model: 'Neoverse-N1',
      architecture: 'arm64',
      avx512: false,
      logicalCpus: 2,
    });
  });

  it('names a part of unequal cores by the most numerous one, whatever their order', () => {
    const block = (part: string): string =>
      `processor : 0\nCPU implementer : 0x41\nCPU architecture: 8\nCPU part : ${part}\n`;

    expect(parseCpuInfo(block('0xd05') + block('0xd0b') + block('0xd0b')).model).toBe('Cortex-A76');
    expect(parseCpuInfo(block('0xd0b') + block('0xd0b') + block('0xd05')).model).toBe('Cortex-A76');
  });

  it('names an unlisted core by its numbers', () => {
    const text = 'processor : 0\nCPU implementer : 0x7f\nCPU architecture: 8\nCPU part : 0x123\n';

    expect(parseCpuInfo(text).model).toBe('ARM 0x7f 0x123');
  });

  it.each([
    ['riscv64', 'processor : 0\nhart : 0\nisa : rv64imafdc\nuarch : sifive,u74-mc\n', 'sifive,u74-mc'],
    ['ppc64', 'processor : 0\ncpu : POWER9, altivec supported\n', 'POWER9, altivec supported'],
    ['ia32', 'processor : 0\nmodel name : Old\nflags : fpu sse2\n', 'Old'],
    [
      'arm',
      'processor : 0\nmodel name : ARMv7 Processor rev 4\nCPU implementer : 0x41\nCPU architecture: 7\n',
      'ARMv7 Processor rev 4',
    ],
  ])('recognises %s', (architecture, text, model) => {
    expect(parseCpuInfo(text)).toEqual({ model, architecture, avx512: false, logicalCpus: 1 });
  });

  it.each(['', '\n\n', 'no colon here', 'model name : X\n'])('finds no processor in %j', (text) => {
    expect(parseCpuInfo(text)).toEqual({ avx512: false, logicalCpus: 0 });
  });

  it('never throws, and counts what it was given, on arbitrary text', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('processor : 0', 'flags : lm avx512f', 'flags :', 'CPU implementer : 0x41', 'CPU part :', ''),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const info = parseCpuInfo(lines.join('\n'));

        expect(Number.isInteger(info.logicalCpus)).toBe(true);
        expect(info.avx512 && info.x86Level === undefined).toBe(false);
      }),
    );
  });
});
