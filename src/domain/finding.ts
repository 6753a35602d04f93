import type { Action } from './action.ts';
import type { CatalogueId } from './catalogue.ts';
import type { ObjectRef } from './refs.ts';

/** critical: users are affected or a workload cannot run; warning: degraded or certain to break; info: a fact. */
export type Severity = 'critical' | 'warning' | 'info';
/** certain: read from a field; likely: joined from several; hint: inference. */
export type Confidence = 'certain' | 'likely' | 'hint';

export const severities = ['critical', 'warning', 'info'] as const satisfies readonly Severity[];
export const confidences = ['certain', 'likely', 'hint'] as const satisfies readonly Confidence[];

/** A fact with the read that shows it. */
export interface Evidence {
  readonly object: ObjectRef;
  /** What the value is: a field path, `event FailedMount`, `log of container app`. */
  readonly what: string;
  /** As the command below prints it; `not found` where the fact is an absence. */
  readonly value: string;
  /** When it was so; ISO 8601. */
  readonly at?: string;
  /** A complete kubectl line that shows the same fact. */
  readonly command: string;
}

/** One thing that a person can do, with the complete command where there is one. */
export interface Step {
  readonly text: string;
  readonly command?: string;
}

export type NonEmpty<T> = readonly [T, ...T[]];

export interface Finding {
  readonly rule: CatalogueId;
  /** What makes two findings of one rule on one object the same: a missing name, an image, a host:port. No pod names, no times. */
  readonly causeKey: string;
  readonly subject: ObjectRef;
  /** The container that it is about: two containers of one pod have separate causes. */
  readonly container?: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** Who, what is wrong, decisive value: at most 90 characters, present tense. */
  readonly title: string;
  /** One or two sentences: object, field, value, and what follows. */
  readonly cause: string;
  /** Onset, ISO 8601. */
  readonly since?: string;
  /** Objects that suffer from it and have no finding of their own. */
  readonly affects?: readonly ObjectRef[];
  /** Objects on which its cause would be found; folding joins findings along them. */
  readonly causedBy?: readonly ObjectRef[];
  readonly evidence: NonEmpty<Evidence>;
  readonly remediation: NonEmpty<Step>;
  readonly fix?: Action;
}

/** A fact that could not be read, and what therefore was not judged. */
export interface Unseen {
  /** What was asked for: `secrets in shop`, `logs of shop/web-1`. */
  readonly what: string;
  readonly kind?: string;
  readonly namespace?: string;
  /** forbidden: RBAC; absent: not installed; unavailable: installed, not answering; failed: anything else; not-recorded: a recording without it. */
  readonly reason: 'forbidden' | 'absent' | 'unavailable' | 'failed' | 'not-recorded';
  readonly detail: string;
}
