import type { Action } from '../domain/index.ts';
import type { VpaRead } from './facts/autoscalers.ts';
import type { QosClass } from './facts/current.ts';
import type { Manager } from './facts/manager.ts';
import {
  defaultPrices,
  MIN_MARGIN_PERCENT,
  type ActionName,
  type ActionReason,
  type Cap,
  type CpuLimitBy,
  type HpaRequestChange,
  type MemoryLimitBy,
  type Prices,
  type Resource,
  type Risk,
} from './numbers/index.ts';

/** Bounds that a person set for requests; the first entry that matches counts. */
export interface PolicyRule {
  readonly namespace?: string;
  /** Name of the workload. */
  readonly workload?: string;
  readonly container?: string;
  readonly resource: Resource;
  readonly min?: string;
  readonly max?: string;
}

/** What a person may tune; smaller margins than 30 % are not among it. */
export interface SizingSettings {
  readonly marginPercent: number;
  /** keep: Guaranteed pods stay Guaranteed. */
  readonly qos: 'keep' | 'burstable';
  readonly prices: Prices;
  readonly policies: readonly PolicyRule[];
  /** Undefined: judged by the view, which knows only whether the kind exists. */
  readonly vpas?: VpaRead;
}

export const defaultSizing: SizingSettings = {
  marginPercent: MIN_MARGIN_PERCENT,
  qos: 'keep',
  prices: defaultPrices,
  policies: [],
};

/** One look at whether the numbers can be applied, and what it found. */
export interface Check {
  readonly name: 'policy' | 'limit-range' | 'quota' | 'node-fit' | 'disruption-budget';
  /** changed: the numbers were moved; unknown: what it needs was not read. */
  readonly status: 'ok' | 'changed' | 'warning' | 'blocked' | 'unknown';
  /** `limitrange/defaults` */
  readonly object?: string;
  readonly detail?: string;
}

export interface Backtest {
  readonly verdict: 'held' | 'failed' | 'not-tested';
  /** What failed, or why it was not tested; null when held. */
  readonly reason: string | null;
  readonly requestHeld: boolean | null;
  /** Memory only. */
  readonly limitHeld: boolean | null;
  /** Over the whole window; current is null where there is no request. */
  readonly minutesAboveRequest: { readonly current: number | null; readonly proposed: number } | null;
  /** Memory only: times that the limit would have been passed. */
  readonly wouldBeOoms: { readonly current: number | null; readonly proposed: number } | null;
}

/** What an autoscaler makes of the change of requests. */
export interface HpaEffect {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly replicas: number;
  /** Percent; null where its metrics do not depend on this request. */
  readonly target: number | null;
  /** It holds usage at target × request now: the request must not follow. */
  readonly regulating: boolean;
  readonly change:
    (Pick<HpaRequestChange, 'decision' | 'utilBefore' | 'utilAfter'> & { readonly target: number }) | null;
  readonly note: string | null;
}

export type VpaEffect =
  | { readonly state: 'none' }
  | { readonly state: 'unknown'; readonly why: string }
  | {
      readonly state: 'found';
      readonly name: string;
      readonly mode: string;
      readonly inControl: boolean;
      readonly target: string | null;
    };

/** A change as a person could send it. */
export interface Patch {
  readonly command: string;
  readonly patch: Readonly<Record<string, unknown>>;
}

export type ReasonCode =
  | ActionReason
  | 'no-samples'
  | 'too-few-samples'
  | 'too-few-runs'
  | 'usage-unread'
  | 'oom-guard'
  | 'exceeds-policy-maximum'
  | 'disruption-budget'
  | 'limit-range'
  | 'quota'
  | 'node-fit'
  | 'hpa-target'
  | 'hpa-unknown';

export type NoteCode =
  | 'idle'
  | 'spiky'
  | 'uneven-load'
  | 'rising'
  | 'scaled-to-zero'
  | 'request-from-limit'
  | 'heap'
  | 'injected'
  | 'ordered-restart'
  | 'vpa-and-hpa'
  | 'qos-change'
  | 'rollout'
  | 'single-replica';

export interface Note {
  readonly code: NoteCode;
  readonly text: string;
}

/** What right-sizing says about one resource of one container. Quantities are text as manifests have them. */
export interface ResourceRecommendation {
  readonly namespace: string;
  readonly workload: { readonly kind: string; readonly name: string };
  readonly container: string;
  readonly role: 'main' | 'sidecar';
  readonly resource: Resource;
  /** Wanted now. */
  readonly replicas: number;
  readonly usage: {
    /** Whole nanocores or bytes as decimal text; null where there is none. */
    readonly p95: string | null;
    readonly max: string | null;
    readonly unit: 'nanocores' | 'bytes';
    readonly samples: number;
    readonly coveredHours: number;
    readonly windowHours: number;
    /** The deciding pod; null when all were pooled. */
    readonly pod: string | null;
    readonly throttledPercent: number | null;
  };
  readonly current: { readonly request: string | null; readonly limit: string | null };
  readonly recommended: {
    readonly request: string | null;
    readonly limit: string | null;
    readonly limitBy: CpuLimitBy | MemoryLimitBy | 'limit-range' | 'today' | null;
  } | null;
  readonly action: ActionName;
  readonly reasons: readonly ReasonCode[];
  /** 1 is the most urgent. */
  readonly priority: number | null;
  readonly risk: Risk | null;
  /** 0 to 1, two decimals. */
  readonly confidence: number | null;
  /** The term that decided the confidence. */
  readonly confidenceLimitedBy: string | null;
  readonly caps: readonly Cap[];
  readonly backtest: Backtest;
  readonly qos: { readonly before: QosClass; readonly after: QosClass };
  readonly hpa: HpaEffect | null;
  readonly vpa: VpaEffect;
  readonly checks: readonly Check[];
  readonly cost: { readonly monthlyDelta: string; readonly currency: string } | null;
  readonly owner: Manager;
  readonly apply: (Patch & { readonly tier: 'medium'; readonly action: Action }) | null;
  readonly rollback: Patch | null;
  readonly notes: readonly Note[];
  /** One line each, with numbers: how everything above came about. */
  readonly rationale: readonly string[];
}
