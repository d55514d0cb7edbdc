import { enableCompileCache } from 'node:module';

// Compiled code is kept between starts, which is what makes `--help` feel instant.
enableCompileCache();

const { endOnFault, watchOutput } = await import('./interruption.ts');
watchOutput();
endOnFault();
const { run } = await import('./program.ts');
process.exitCode = await run(process.argv.slice(2));
