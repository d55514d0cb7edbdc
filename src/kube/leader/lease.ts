import type { KubeObject } from '../objects/object.ts';
import { type Resource, resource } from '../objects/resource.ts';
import { microTime } from './micro-time.ts';

/** `coordination.k8s.io/v1`, as far as elections use it. */
export interface Lease extends KubeObject {
  readonly spec?: {
    /** `''`: released. */
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    /** How often the lease has gone from one holder to another. */
    readonly leaseTransitions?: number;
  };
}

export const leases: Resource<Lease> = resource<Lease>('coordination.k8s.io/v1', 'Lease', 'leases');

/**
 * What another candidate knows of a lease: that it looked like this, and since when, by its own clock. Whether a lease
 * has run out is judged by that alone; the times inside are of somebody else's clock.
 */
export interface LeaseObservation {
  readonly lease: Lease;
  readonly sinceMs: number;
}

/** The observation after reading `lease`: it goes on as long as its holder does not renew it. */
export function observe(before: LeaseObservation | undefined, lease: Lease, nowMs: number): LeaseObservation {
  // Not by resourceVersion: somebody who edits a label does not keep a dead holder alive.
  const same = before !== undefined && JSON.stringify(before.lease.spec) === JSON.stringify(lease.spec);
  return { lease, sinceMs: same ? before.sinceMs : nowMs };
}

/** Whether somebody else holds the lease, as far as one may know at `nowMs`. */
export function isHeldByOther(
  { lease, sinceMs }: LeaseObservation,
  identity: string,
  nowMs: number,
  defaultDurationMs: number,
): boolean {
  const { holderIdentity, leaseDurationSeconds } = lease.spec ?? {};
  if (holderIdentity === undefined || holderIdentity === '' || holderIdentity === identity) return false;
  const durationMs = leaseDurationSeconds === undefined ? defaultDurationMs : leaseDurationSeconds * 1_000;
  return nowMs < sinceMs + durationMs;
}

/** The spec by which `identity` takes the lease or keeps it. */
export function takenSpec(
  before: Lease['spec'],
  identity: string,
  durationMs: number,
  wallMs: number,
): NonNullable<Lease['spec']> {
  const now = microTime(wallMs);
  const kept = before?.holderIdentity === identity;
  const transitions = before?.leaseTransitions ?? 0;
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1_000),
    acquireTime: kept ? (before.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: kept || before === undefined ? transitions : transitions + 1,
  };
}

/** The spec by which a holder gives the lease back: the next candidate need not wait. */
export function releasedSpec(before: Lease['spec'], wallMs: number): NonNullable<Lease['spec']> {
  const now = microTime(wallMs);
  return { ...before, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
}
