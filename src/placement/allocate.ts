import { decide } from './decide.ts';
import type { Verdict } from './decision.ts';
import { FAMILIES, type Family, type FamilyPart, familyParts } from './families.ts';
import type { Requirement } from './requirement.ts';
import type { FleetSnapshot } from './snapshot.ts';

/** What a node has left for replicas that are not running yet. */
export interface Room {
  readonly gpus: number;
  readonly cpuReplicas: number;
}

export interface AllocationWish {
  readonly replicas: number;
  /** By node; one that is missing has no room. */
  readonly room: ReadonlyMap<string, Room>;
  /** Replicas that run already. They stay where they are as long as so many are wanted. */
  readonly running?: Partial<Readonly<Record<Family, number>>>;
  /** Families in which pods were found not to be schedulable; used only where there is no other. */
  readonly avoid?: ReadonlySet<Family>;
}

export interface Allocation {
  readonly replicas: Readonly<Record<Family, number>>;
  /** How many of them find no room now and will wait in their family. */
  readonly waiting: number;
  /** Replicas for which no family of this fleet will ever do as it is. */
  readonly impossible: number;
}

/** Refusals that pass by themselves: a replica may wait for their end. */
const PASSING = new Set(['VramFreeTooSmall', 'GpuUnhealthy']);

/**
 * Splits the replicas of a model over families of devices: into the best places first, as far as there is room, the rest
 * waiting in the best family. Whoever scales down gives the worst places back first.
 *
 * @throws RangeError for weights that are negative, not finite or all zero; see `weightsProblem`
 */
export function allocateReplicas(requirement: Requirement, snapshot: FleetSnapshot, wish: AllocationWish): Allocation {
  const parts = new Map(familyParts(snapshot, requirement).map((part) => [part.facts.name, part]));
  const state = { ...snapshot, nodes: [...parts.values()].map(({ facts }) => facts) };
  const { ranking, verdicts } = decide(requirement, state);
  const places = ranking.flatMap(({ node }) => parts.get(node) ?? []);
  const order = familyOrder(places, verdicts, parts);

  const replicas = keepRunning(wish, order);
  let left = wish.replicas - sum(replicas);
  for (const { family, node } of places) {
    if (wish.avoid?.has(family) === true) continue;
    const taken = Math.min(left, slots(wish.room.get(node), family, requirement.gpus));
    replicas[family] += taken;
    left -= taken;
  }
  const home = order.find((family) => wish.avoid?.has(family) !== true) ?? order[0];
  if (home === undefined) return { replicas, waiting: 0, impossible: left };
  replicas[home] += left;
  return { replicas, waiting: left, impossible: 0 };
}

/** Families in which a replica fits, best first, then those in which it may fit later. */
function familyOrder(
  places: readonly FamilyPart[],
  verdicts: readonly Verdict[],
  parts: ReadonlyMap<string, FamilyPart>,
): readonly Family[] {
  const later = verdicts.flatMap((each) =>
    !each.fits && PASSING.has(each.reason) ? (parts.get(each.node)?.family ?? []) : [],
  );
  return [...new Set([...places.map(({ family }) => family), ...FAMILIES.filter((family) => later.includes(family))])];
}

function keepRunning({ running = {}, replicas }: AllocationWish, order: readonly Family[]): Record<Family, number> {
  const kept = { nvidia: 0, amd: 0, cpu: 0 };
  let left = replicas;
  for (const family of [...order, ...FAMILIES.filter((each) => !order.includes(each))]) {
    kept[family] = Math.min(left, running[family] ?? 0);
    left -= kept[family];
  }
  return kept;
}

function slots(room: Room | undefined, family: Family, gpus: number): number {
  if (room === undefined) return 0;
  return Math.max(0, Math.floor(family === 'cpu' ? room.cpuReplicas : room.gpus / gpus));
}

function sum(replicas: Readonly<Record<Family, number>>): number {
  return FAMILIES.reduce((total, family) => total + replicas[family], 0);
}
