import { FlexInferError, messageOf } from '../api/errors.ts';
import type { LabelFacts } from '../hardware/labels.ts';
import { Hardware } from '../hardware/probe-hardware.ts';
import { connectCluster } from './cluster.ts';
import { NodeLabeller } from './labels/node-labeller.ts';
import type { AgentOptions } from './options.ts';
import { renderReport, reportOf } from './report.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whatever a vendor's tool does, the one look ends within 30 s, and what follows it as well. */
const ONE_LOOK_MS = 20_000;
const CLUSTER_MS = 8000;

/**
 * Looks once, labels the Node if one was named, and prints labels, devices and problems.
 *
 * @throws FlexInferError when the Node should have been labelled and could not be; everything is printed by then
 */
export async function runOnce(options: AgentOptions, env: Environment, print: (text: string) => void): Promise<void> {
  const hardware = new Hardware({
    hostRoot: options.hostRoot,
    ...(options.nvidiaSmi === undefined ? {} : { nvidiaSmi: options.nvidiaSmi }),
  });
  const inventory = await hardware.probe(AbortSignal.timeout(ONE_LOOK_MS));
  const visit = await visitNode(options, env, (labeller) => labeller.offer({ seen: inventory, steady: inventory }));
  const facts = { ...visit.facts, architectures: options.architectures };
  const report = reportOf(inventory, facts, options.labelPrefix);
  const failures =
    visit.failure === undefined ? [] : [{ source: 'cluster', reason: 'not_labelled', detail: visit.failure.message }];
  print(await renderReport({ ...report, problems: [...report.problems, ...failures] }, options.output));
  if (visit.failure !== undefined && !options.dryRun) throw visit.failure;
}

/** Reads the Node for what only it knows, and labels it unless this is a dry run. */
async function visitNode(
  options: AgentOptions,
  env: Environment,
  offer: (labeller: NodeLabeller) => void,
): Promise<{ readonly facts?: LabelFacts; readonly failure?: FlexInferError }> {
  const { nodeName, kubeconfig, dryRun } = options;
  if (nodeName === undefined) return {};
  let failure: FlexInferError | undefined;
  try {
    const client = await connectCluster(kubeconfig, env);
    try {
      const labeller = new NodeLabeller({
        client,
        nodeName,
        prefix: options.labelPrefix,
        overwrite: options.overwrite,
        dryRun,
        architectures: options.architectures,
        on: {
          wrote: (result, detail) => {
            failure = result === 'success' || result === 'conflict' ? undefined : notLabelled(nodeName, detail);
          },
        },
      });
      offer(labeller);
      await labeller.attempt(AbortSignal.timeout(CLUSTER_MS));
      return { facts: labeller.facts, ...(failure === undefined ? {} : { failure }) };
    } finally {
      await client.close();
    }
  } catch (error) {
    return { failure: error instanceof FlexInferError ? error : notLabelled(nodeName, messageOf(error)) };
  }
}

function notLabelled(node: string, detail: string): FlexInferError {
  return new FlexInferError('UNREACHABLE', `node ${node} was not labelled: ${detail}`, {
    todo: 'see that the cluster answers and that its Node may be patched by this user',
  });
}
