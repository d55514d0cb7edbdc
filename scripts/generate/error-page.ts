import { errorCatalogue } from '../../src/api/errors.ts';

/** `docs/reference/errors.md`: every code a user can meet. */
export function errorPage(): string {
  const rows = Object.entries(errorCatalogue).map(
    ([code, { exitCode, terminal, meaning }]) =>
      `| \`${code}\` | ${meaning} | ${exitCode} | ${terminal ? 'no' : 'yes'} |`,
  );
  return `<!-- Made by \`npm run generate\` from src/api/errors.ts: change it there. -->

# Errors

A command that fails prints one line on stderr:

    error[CODE]: what is wrong and where: what to do

| Code | Meaning | Exit code | Can trying again help? |
|---|---|---|---|
${rows.join('\n')}
`;
}
