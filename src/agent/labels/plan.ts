import { ANNOTATIONS, NODE_LABELS } from '../../api/names.ts';
import { formatOwnedKeys, parseOwnedKeys } from './ownership.ts';

/** A Node as far as the labels go. */
export interface LabelledNode {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface LabelWishes {
  /** By full key; every value valid. */
  readonly labels: Readonly<Record<string, string>>;
  readonly prefix: string;
  /** Whether the absence of a label, by its name without prefix, has been seen long enough to remove it. */
  readonly mayRemove: (name: string) => boolean;
  /** Whether enough is known to give a label that is ours another value. */
  readonly mayChange: (name: string) => boolean;
  /** Keys this process knows to be its own, for when the annotation is gone. */
  readonly written: ReadonlySet<string>;
  readonly overwrite: boolean;
}

export interface LabelPlan {
  /** A JSON merge patch of the Node, `undefined` when nothing has to change. */
  readonly patch: { readonly metadata: object } | undefined;
  /** Keys that hold somebody else's value and were left alone. */
  readonly conflicts: readonly string[];
  /** Keys that are the agent's after the patch. */
  readonly owned: ReadonlySet<string>;
}

/** The one patch that brings a Node's labels to what is wanted; only what differs is in it, labels and ownership alike. */
export function planLabels(node: LabelledNode, wishes: LabelWishes): LabelPlan {
  const listed = parseOwnedKeys(node.annotations[ANNOTATIONS.featureLabels]);
  const owned = new Set(listed ?? wishes.written);
  const changes: Record<string, string | null> = {};
  const conflicts: string[] = [];

  const pending = new Set<string>();
  for (const key of owned) {
    if (key in wishes.labels) continue;
    const ours = key.startsWith(wishes.prefix);
    if (ours && !wishes.mayRemove(key.slice(wishes.prefix.length)) && key in node.labels) {
      pending.add(key);
      continue;
    }
    owned.delete(key);
    // Keys under a prefix that is no longer ours are gone at once: the same facts are written under the new one.
    if (key in node.labels) changes[key] = null;
  }
  for (const [key, value] of Object.entries(wishes.labels)) {
    const there = node.labels[key];
    const free = there === undefined || there === value || owned.has(key);
    if (!free && !wishes.overwrite) {
      conflicts.push(key);
      continue;
    }
    // The class of the processor takes the place of a GPU's only together with the GPU's other labels.
    const waits = key === classKey(wishes) && hasGpuKey(pending, wishes.prefix);
    const held = owned.has(key) && there !== undefined && (waits || !wishes.mayChange(key.slice(wishes.prefix.length)));
    owned.add(key);
    if (there !== value && !held) changes[key] = value;
  }
  const ownership = formatOwnedKeys(owned);
  const annotation = node.annotations[ANNOTATIONS.featureLabels] === ownership ? undefined : ownership;
  if (Object.keys(changes).length === 0 && annotation === undefined) return { patch: undefined, conflicts, owned };
  const metadata = {
    ...(Object.keys(changes).length === 0 ? {} : { labels: changes }),
    ...(annotation === undefined ? {} : { annotations: { [ANNOTATIONS.featureLabels]: annotation } }),
  };
  return { patch: { metadata }, conflicts, owned };
}

function classKey(wishes: LabelWishes): string {
  return `${wishes.prefix}${NODE_LABELS.deviceClass}`;
}

function hasGpuKey(keys: ReadonlySet<string>, prefix: string): boolean {
  return [...keys].some((key) => key.startsWith(`${prefix}gpu.`));
}
