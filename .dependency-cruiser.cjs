// The import rules of ARCHITECTURE.md. A line here is a wall: `npm run check` fails when somebody walks through it.

/** Parts in layers, lowest first. A part may import every part of a lower layer and, of its own, only what `within` grants. */
const layers = [
  { parts: ['api'] },
  { parts: ['benchmark', 'placement'], within: { placement: ['benchmark'] } },
  { parts: ['hardware', 'models', 'backends', 'kube', 'metrics', 'runtime'] },
  { parts: ['measure', 'fleet'] },
  { parts: ['gate'] },
  { parts: ['agent', 'bench', 'manager', 'sched', 'local'] },
  { parts: ['cli'] },
];

/** kube is a general client: it knows nothing of FlexInfer, so it may not even see `api`. */
const closed = { kube: [] };

/** Where a third-party package is at home. */
const homes = {
  undici: ['kube', 'models', 'backends', 'gate', 'metrics'],
  zod: ['api', 'runtime'],
  pino: ['runtime'],
  '@prometheus-io/client': ['metrics'],
  commander: ['cli', 'runtime'],
  yaml: ['agent', 'cli', 'kube', 'local'],
};

const source = (parts) => `^src/(${parts.join('|')})/`;
const all = layers.flatMap((layer) => layer.parts);

const layerRules = layers.flatMap((layer, level) =>
  layer.parts.map((part) => {
    const lower = layers.slice(0, level).flatMap((each) => each.parts);
    const allowed = closed[part] ?? [...lower, ...(layer.within?.[part] ?? [])];
    const forbidden = all.filter((other) => other !== part && !allowed.includes(other));
    return {
      name: `${part}-imports-down`,
      comment: `src/${part} may import: ${allowed.join(', ') || 'nothing of src/'}`,
      severity: 'error',
      from: { path: source([part]) },
      to: { path: source(forbidden) },
    };
  }),
);

const homeRules = Object.entries(homes).map(([name, parts]) => ({
  name: `home-of-${name.replace(/\W/g, '-')}`,
  comment: `${name} is used only in ${parts.join(', ')}`,
  severity: 'error',
  from: { path: '^src/', pathNot: `${source(parts)}|\\.test\\.ts$` },
  to: { path: `node_modules/${name}/` },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    ...homeRules,
    {
      name: 'pure-parts',
      comment: 'api, benchmark and placement take time and random numbers as arguments and do no I/O',
      severity: 'error',
      from: { path: source(['api', 'benchmark', 'placement']), pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: 'nothing' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'tests-stay-outside',
      comment: 'product code never imports tests, scripts or benchmarks',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(test|scripts|bench)/|\\.test\\.ts$' },
    },
    {
      name: 'development-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$|\\.conformance\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-optional', 'npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
