import type { ClusterView } from '../cluster/index.ts';
import { groupOf, isReady, type Finding, type ObjectRef, type Severity } from '../domain/index.ts';

/**
 * A critical fault of pods, by what it does to their workload now: critical while nothing serves, a warning while other
 * pods do. Faults that are not about pods keep the severity of their rule.
 */
export function severityNow(view: ClusterView, finding: Finding, home: ObjectRef): Severity {
  if (finding.severity !== 'critical' || finding.subject.kind !== 'Pod') return finding.severity;
  // A pod of a Job serves nobody; its fault is the Job's.
  if (!['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'].includes(home.kind) || groupOf(finding.rule) === 'node')
    return 'critical';
  return view.podsOf(home).some(isReady) ? 'warning' : 'critical';
}
