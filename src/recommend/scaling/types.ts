import type { Action } from '../../domain/index.ts';
import type { Manager } from '../facts/index.ts';
import type { Cap, Prices } from '../numbers/index.ts';
import type { Backtest, Check, Note, Patch } from '../types.ts';

export interface ScalingSettings {
  readonly minReplicas?: number;
  /** The person's own cap; without it 3, or more where more run. */
  readonly maxReplicas?: number;
  /** Which of the two is proposed; without it the one that fits better. */
  readonly as?: 'hpa' | 'replicas';
  /** True when the cluster serves metrics.k8s.io: an autoscaler needs it. */
  readonly metricsApi: boolean;
  readonly prices: Prices;
}

export type ScalingAction =
  | 'scale-up'
  | 'scale-down'
  | 'enable-hpa'
  | 'raise-max'
  | 'keep'
  | 'hold'
  | 'blocked'
  | 'not-applicable'
  | 'insufficient-data';

export interface HpaShape {
  readonly name: string;
  /** Percent; null where it follows something else. */
  readonly target: number | null;
  readonly min: number;
  readonly max: number;
}

/** What is said about the number of pods of one workload. CPU amounts are text as manifests have them. */
export interface ScalingRecommendation {
  readonly namespace: string;
  readonly workload: { readonly kind: string; readonly name: string };
  readonly replicas: {
    readonly current: number;
    /** By the formula alone. */
    readonly needed: number | null;
    readonly recommended: number | null;
    readonly cap: number | null;
    readonly capped: boolean;
  };
  readonly usage: {
    /** p95 over time of all pods together; whole nanocores as decimal text. */
    readonly p95Total: string | null;
    readonly perPod: string | null;
    readonly samples: number;
    readonly coveredHours: number;
    readonly windowHours: number;
  };
  readonly podRequest: string | null;
  /** Percent of the requests. */
  readonly utilization: number | null;
  readonly hpa: {
    readonly existing: HpaShape | null;
    readonly proposed: HpaShape | null;
    /** Replicas that the proposed autoscaler would run at p95. */
    readonly expectedAtP95: number | null;
  };
  readonly primary: 'hpa' | 'replicas' | null;
  /** The other of the two, for people. */
  readonly alternative: string | null;
  readonly action: ScalingAction;
  readonly reasons: readonly string[];
  readonly confidence: number | null;
  readonly confidenceLimitedBy: string | null;
  readonly caps: readonly Cap[];
  readonly backtest: Backtest;
  readonly checks: readonly Check[];
  readonly cost: { readonly monthlyDelta: string; readonly currency: string } | null;
  readonly owner: Manager;
  readonly apply: (Patch & { readonly tier: 'low' | 'medium'; readonly action: Action | null }) | null;
  readonly rollback: Patch | null;
  readonly notes: readonly Note[];
  readonly rationale: readonly string[];
}
