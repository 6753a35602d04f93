import {
  ageOf,
  conditionAge,
  conditionOf,
  formatDuration,
  isDeleting,
  isReady,
  listed,
  refOf,
  type Deployment,
  type Pod,
} from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { lastingFix, managerOf, sourceSteps } from './managed.ts';
import { causeRefs, isStarting, livePodsOf, notSeen, readyColumn, stateEvidence, statesText } from './pods.ts';
import { differences, imageEvidence, revisionEvidence, revisionsOf, undoCommand, type Revision } from './revisions.ts';

const PROGRESSING = '.status.conditions[?(@.type=="Progressing")]';

function isObserved(deployment: Deployment): boolean {
  return deployment.status?.observedGeneration === deployment.metadata.generation;
}

/** Pods of a revision that are neither Ready nor merely starting. */
function failingPods(context: RuleContext, deployment: Deployment, revision: Revision): readonly Pod[] {
  return livePodsOf(context.view, revision.set).filter(
    (pod) => !isReady(pod) && !isStarting(context, pod, refOf(deployment)),
  );
}

/** The newest older revision whose pods serve now: only to such a one is it safe to return. */
function serving(older: readonly Revision[]): Revision | undefined {
  return older.find((r) => r.ready > 0);
}

function changedText(from: Revision, to: Revision): string {
  const changes = differences(from.set, to.set);
  return changes.length === 0 ? '' : ` Changed since revision ${from.number}: ${listed(changes)}.`;
}

export const rolloutStalled: Rule = {
  id: 'workload/rollout-stalled',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Deployment', 'ReplicaSet', 'Pod'],
  *check(context) {
    const { view } = context;
    for (const deployment of view.all('Deployment')) {
      const progressing = conditionOf(deployment, 'Progressing');
      if (progressing?.status !== 'False' || progressing.reason !== 'ProgressDeadlineExceeded') continue;
      if (!isObserved(deployment) || (deployment.spec?.replicas ?? 1) === 0) continue;
      const [current, ...older] = revisionsOf(view, deployment);
      const failing = current ? failingPods(context, deployment, current) : [];
      const previous = serving(older);
      const wanted = deployment.spec?.replicas ?? 1;
      const deadline = deployment.spec?.progressDeadlineSeconds ?? 600;
      const self = refOf(deployment);
      yield {
        subject: self,
        causeKey: 'progress deadline',
        ...((deployment.status?.availableReplicas ?? 0) === 0 && { severity: 'critical' }),
        title: `Rollout of ${self.name} has stopped: ${current?.ready ?? 0} of ${wanted} new pods ready after ${deadline}s`,
        cause:
          `Deployment ${self.name} made no progress for ${deadline}s (progressDeadlineSeconds). ` +
          notSeen(view, self, failing) +
          (current && previous ? changedText(previous, current) : ''),
        ...(progressing.lastTransitionTime !== undefined && { since: progressing.lastTransitionTime }),
        causedBy: [...causeRefs(view, failing), ...(current ? [refOf(current.set)] : [])],
        evidence: [
          field(deployment, `${PROGRESSING}.message`, progressing.lastTransitionTime),
          readyColumn(deployment, deployment.status?.readyReplicas ?? 0, wanted),
          ...(current ? revisionEvidence(current) : []),
          ...(previous ? revisionEvidence(previous) : []),
          ...stateEvidence(failing),
        ],
        remediation: [
          {
            text: 'See why the new pods do not become ready',
            command: `kubectl describe deployment ${self.name} -n ${self.namespace ?? ''}`,
          },
          ...(previous
            ? [{ text: `Or return to revision ${previous.number}`, command: undoCommand(self, previous.number) }]
            : []),
          ...sourceSteps(deployment),
        ],
        ...(previous && lastingFix(deployment, { verb: 'rollout-undo', target: self })),
      } satisfies Draft;
    }
  },
};

export const badRelease: Rule = {
  id: 'workload/bad-release',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Deployment', 'ReplicaSet', 'Pod'],
  *check(context) {
    const { view, now } = context;
    for (const deployment of view.all('Deployment')) {
      const { updatedReplicas = 0, replicas = 0 } = deployment.status ?? {};
      // While two revisions run, more pods exist than are updated.
      if (!isObserved(deployment) || updatedReplicas >= replicas) continue;
      const [current, ...older] = revisionsOf(view, deployment);
      const previous = serving(older);
      if (!current || !previous) continue;
      const pods = livePodsOf(view, current.set);
      const failing = failingPods(context, deployment, current).filter(
        (pod) => conditionOf(pod, 'PodScheduled')?.status !== 'False',
      );
      if (pods.length === 0 || failing.length < pods.length) continue;
      if (!pods.some((pod) => ageOf(pod, now) > grace.creating)) continue;
      const self = refOf(deployment);
      yield {
        subject: self,
        causeKey: `revision ${current.number}`,
        title: `${self.name}: revision ${current.number} fails, revision ${previous.number} still serves`,
        cause:
          `Only pods of revision ${current.number} fail (${statesText(failing)}), those of revision ` +
          `${previous.number} are Ready.${changedText(previous, current)}`,
        ...(pods[0]?.metadata.creationTimestamp !== undefined && { since: pods[0].metadata.creationTimestamp }),
        causedBy: [...causeRefs(view, failing), refOf(current.set)],
        evidence: [
          field(current.set, '.spec.replicas'),
          ...revisionEvidence(current),
          ...revisionEvidence(previous),
          ...stateEvidence(failing),
          ...imageEvidence(previous.set, current.set),
        ],
        remediation: [
          { text: `Return to revision ${previous.number}`, command: undoCommand(self, previous.number) },
          ...sourceSteps(deployment),
        ],
        ...lastingFix(deployment, { verb: 'rollout-undo', target: self }),
      };
    }
  },
};

/** maxUnavailable as a number of pods: percentages are rounded down; 0 and no surge together mean 1. */
export function maxUnavailable(deployment: Deployment): number {
  const { maxUnavailable: down = '25%', maxSurge: up = '25%' } = deployment.spec?.strategy?.rollingUpdate ?? {};
  const replicas = deployment.spec?.replicas ?? 1;
  const of = (value: unknown, round: (n: number) => number) =>
    typeof value === 'number' ? value : round((Number.parseInt(String(value), 10) / 100) * replicas);
  return of(up, Math.ceil) === 0 ? Math.max(1, of(down, Math.floor)) : of(down, Math.floor);
}

export const surgeBlocked: Rule = {
  id: 'workload/surge-blocked',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Deployment', 'ReplicaSet', 'Pod'],
  *check({ view, now }) {
    for (const deployment of view.all('Deployment')) {
      const { updatedReplicas = 0, replicas = 0, readyReplicas = 0 } = deployment.status ?? {};
      const wanted = deployment.spec?.replicas ?? 1;
      if (wanted === 0 || deployment.spec?.strategy?.type === 'Recreate' || deployment.spec?.paused === true) continue;
      if (!isObserved(deployment) || readyReplicas < wanted || maxUnavailable(deployment) > 0) continue;
      const [current, ...older] = revisionsOf(view, deployment);
      if (!current || !serving(older) || (current.set.spec?.replicas ?? 0) === 0) continue;
      const unscheduled = livePodsOf(view, current.set).filter(
        (pod) => conditionOf(pod, 'PodScheduled')?.status === 'False' && ageOf(pod, now) > grace.pending,
      );
      const refused = conditionOf(current.set, 'ReplicaFailure')?.status === 'True';
      if (unscheduled.length === 0 && !(refused && updatedReplicas === 0 && replicas >= wanted)) continue;
      const self = refOf(deployment);
      const fix = wanted > 1 && managerOf(deployment)?.reverts !== true;
      yield {
        subject: self,
        causeKey: 'surge',
        title: `Rolling update of ${self.name} needs room for one more pod and has none`,
        cause:
          `maxUnavailable comes to 0 of ${wanted} replicas, so a new pod must start before an old one may stop; ` +
          (unscheduled.length > 0 ? 'the new pod is not scheduled.' : 'the new pod is refused.'),
        causedBy: [...causeRefs(view, unscheduled), refOf(current.set)],
        evidence: [
          field(deployment, '.spec.strategy'),
          ...stateEvidence(unscheduled),
          ...(refused ? [field(current.set, '.status.conditions[?(@.type=="ReplicaFailure")].message')] : []),
          ...revisionEvidence(current),
        ],
        remediation: [
          {
            text: 'Free room for one more pod, or allow one pod less during the update',
            command:
              `kubectl patch deployment ${self.name} -n ${self.namespace ?? ''} ` +
              `-p '{"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":1}}}}'`,
          },
          ...sourceSteps(deployment),
        ],
        ...(fix && {
          fix: {
            verb: 'set-strategy' as const,
            target: self,
            path: '.spec.strategy.rollingUpdate.maxUnavailable',
            value: 1,
          },
        }),
      };
    }
  },
};

export const recreateWaiting: Rule = {
  id: 'workload/recreate-waiting',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Deployment', 'ReplicaSet', 'Pod'],
  *check({ view, now }) {
    for (const deployment of view.all('Deployment')) {
      if (deployment.spec?.strategy?.type !== 'Recreate' || (deployment.spec.replicas ?? 1) === 0) continue;
      if (livePodsOf(view, deployment).length > 0) continue;
      // The controller does not wait for pods that have ended, whatever keeps their object.
      const ending = view
        .podsOf(refOf(deployment))
        .filter((pod) => isDeleting(pod) && pod.status?.phase !== 'Failed' && pod.status?.phase !== 'Succeeded')
        .filter((pod) => now - Date.parse(pod.metadata.deletionTimestamp ?? '') > grace.pending);
      const [pod] = ending;
      if (!pod) continue;
      const self = refOf(deployment);
      yield {
        subject: self,
        causeKey: 'old pod',
        title: `${self.name} (Recreate) waits for its old pod to end`,
        cause: `Pod ${pod.metadata.name ?? ''} should have ended by now and has not; with strategy Recreate no new pod starts before, so ${self.name} is down.`,
        ...(pod.metadata.deletionTimestamp !== undefined && { since: pod.metadata.deletionTimestamp }),
        causedBy: causeRefs(view, ending),
        evidence: [field(deployment, '.spec.strategy.type'), field(pod, '.metadata.deletionTimestamp')],
        remediation: [
          {
            text: 'See what keeps the pod: its node, a finalizer or a process that does not end',
            command: `kubectl describe pod ${pod.metadata.name ?? ''} -n ${self.namespace ?? ''}`,
          },
        ],
      };
    }
  },
};

export const paused: Rule = {
  id: 'workload/paused',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Deployment'],
  *check({ view, now }) {
    for (const deployment of view.all('Deployment')) {
      if (deployment.spec?.paused !== true || managerOf(deployment)?.reverts === true) continue;
      const wanted = deployment.spec.replicas ?? 1;
      const updated = deployment.status?.updatedReplicas ?? 0;
      const since = conditionOf(deployment, 'Progressing');
      if (updated >= wanted || !isObserved(deployment)) continue;
      const age = since?.reason === 'DeploymentPaused' ? conditionAge(since, now) : undefined;
      if (age === undefined || age < grace.creating) continue;
      const self = refOf(deployment);
      const command = `kubectl rollout resume deployment/${self.name} -n ${self.namespace ?? ''}`;
      yield {
        subject: self,
        causeKey: 'paused',
        ...((deployment.status?.replicas ?? 0) === 0 && { severity: 'critical' as const }),
        title: `${self.name} is paused in the middle of a rollout: ${updated} of ${wanted} pods are updated`,
        cause: `spec.paused is true for ${formatDuration(age)} and holds back the new template; no deadline counts meanwhile.`,
        ...(since?.lastTransitionTime !== undefined && { since: since.lastTransitionTime }),
        evidence: [
          field(deployment, '.spec.paused'),
          field(deployment, '.spec.replicas'),
          field(deployment, `${PROGRESSING}.reason`, since?.lastTransitionTime),
        ],
        remediation: [{ text: 'Let the rollout continue', command }],
        ...lastingFix(deployment, { verb: 'rollout-resume', target: self }),
      };
    }
  },
};
