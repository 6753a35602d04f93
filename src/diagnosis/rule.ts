import type { ClusterView } from '../cluster/index.ts';
import type { CatalogueId, Confidence, Finding, Kind, Pod, Severity } from '../domain/index.ts';
import { isDeleting, isFinished } from '../domain/index.ts';
import type { Settings } from './settings.ts';

/** What a rule looks at; a source that could not be read becomes one line of the coverage, never a finding. */
export type Need = Kind | 'Log';

export interface RuleContext {
  readonly view: ClusterView;
  readonly settings: Settings;
  /** ms since the epoch, by the API server's clock. */
  readonly now: number;
}

/** A finding as a rule writes it: the rule's id and defaults are added to it. */
export type Draft = Omit<Finding, 'rule' | 'severity' | 'confidence'> & {
  readonly severity?: Severity;
  readonly confidence?: Confidence;
};

export interface Rule {
  readonly id: CatalogueId;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly needs: readonly Need[];
  check(context: RuleContext): Iterable<Draft>;
}

/** Pods that should be running: not finished and not being deleted. Most rules look at these alone. */
export function livePods(view: ClusterView): readonly Pod[] {
  return view.all('Pod').filter((pod) => !isFinished(pod) && !isDeleting(pod));
}
