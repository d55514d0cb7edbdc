import { modelDeploymentSchema } from './manifest.ts';
import { API_GROUP, API_VERSION, KIND, PLURAL, SHORT_NAME } from './names.ts';
import { type StructuralSchema, structuralSchema } from './structural-schema.ts';

interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** Above 0: shown only with `-o wide`. */
  readonly priority?: number;
}

/** What `kubectl get fmd` shows, besides the name. */
const COLUMNS: readonly PrinterColumn[] = [
  { name: 'Model', type: 'string', jsonPath: '.spec.model.source', description: 'Where the weights come from.' },
  { name: 'Backend', type: 'string', jsonPath: '.spec.backend', description: 'The engine, when one is named.' },
  { name: 'Ready', type: 'integer', jsonPath: '.status.readyReplicas', description: 'Replicas that answer.' },
  { name: 'Desired', type: 'integer', jsonPath: '.spec.replicas', description: 'Replicas that are wanted.' },
  {
    name: 'Tokens/s',
    type: 'string',
    jsonPath: '.status.tokensPerSecond',
    description: 'Tokens per second right now, the sum over replicas.',
  },
  {
    name: 'Best class',
    type: 'string',
    jsonPath: '.status.benchmarks[0].deviceClass',
    description: 'The device class measured to be the fastest.',
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since when it exists.' },
  {
    name: 'Reason',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: 'Why it is ready, or why not.',
  },
  {
    name: 'Endpoint',
    type: 'string',
    jsonPath: '.status.endpoint',
    description: 'Where the model is served.',
    priority: 1,
  },
];

/** The CustomResourceDefinition of ModelDeployment, made from the one schema; written to the chart by a script. */
export function modelDeploymentCrd(): Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${PLURAL}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope: 'Namespaced',
      names: {
        kind: KIND,
        listKind: `${KIND}List`,
        plural: PLURAL,
        singular: KIND.toLowerCase(),
        shortNames: [SHORT_NAME],
        categories: ['flexinfer'],
      },
      versions: [
        {
          name: API_VERSION.slice(API_GROUP.length + 1),
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          additionalPrinterColumns: COLUMNS,
          schema: { openAPIV3Schema: rootSchema() },
        },
      ],
    },
  };
}

/**
 * At the root, the API server has its own opinion of kind, version and metadata. Of the metadata a CRD may bound the
 * name alone, and rules for it stand at the root.
 */
function rootSchema(): StructuralSchema {
  const schema = structuralSchema(modelDeploymentSchema);
  const { metadata, spec, status } = schema.properties ?? {};
  const name = metadata?.properties?.['name'];
  if (name === undefined || spec === undefined || status === undefined) throw new Error('the manifest lost a field');
  return {
    type: 'object',
    ...(schema.description === undefined ? {} : { description: schema.description }),
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'Version of this schema.' },
      kind: { type: 'string', description: 'The kind of object.' },
      metadata: { type: 'object', properties: { name: { type: 'string', maxLength: name['maxLength'] } } },
      spec,
      status,
    },
    'x-kubernetes-validations': celRules(name).map((each) => ({
      ...each,
      rule: each.rule.replaceAll(/\bself\b/g, 'self.metadata.name'),
      fieldPath: '.metadata.name',
    })),
  };
}

function celRules(schema: StructuralSchema): readonly { readonly rule: string; readonly message: string }[] {
  const rules: unknown = schema['x-kubernetes-validations'];
  return Array.isArray(rules) ? rules : [];
}
