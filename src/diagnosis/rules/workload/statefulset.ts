import {
  count,
  isDeleting,
  isReady,
  parseTime,
  refOf,
  type Action,
  type Pod,
  type StatefulSet,
} from '../../../domain/index.ts';
import { absence, field } from '../../evidence.ts';
import type { Rule, RuleContext } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { sourceSteps } from './managed.ts';
import { causeRefs, isStarting, notReadySince, readyColumn, stateEvidence, stateOf } from './pods.ts';

/** Pods by ordinal; those outside the wanted range are left out. */
function ordinals(context: RuleContext, set: StatefulSet): readonly (Pod | undefined)[] {
  const start = set.spec?.ordinals?.start ?? 0;
  const byName = new Map(context.view.podsOf(refOf(set)).map((pod) => [pod.metadata.name, pod]));
  return Array.from({ length: set.spec?.replicas ?? 1 }, (_, i) =>
    byName.get(`${set.metadata.name ?? ''}-${start + i}`),
  );
}

export const statefulSetBlocked: Rule = {
  id: 'workload/statefulset-blocked',
  severity: 'critical',
  confidence: 'certain',
  needs: ['StatefulSet', 'Pod'],
  *check(context) {
    const { view, now } = context;
    for (const set of view.all('StatefulSet')) {
      if (set.spec?.podManagementPolicy === 'Parallel' || !view.isComplete('Pod', set.metadata.namespace)) continue;
      const { status } = set;
      if (!status || status.observedGeneration !== set.metadata.generation) continue;
      const pods = ordinals(context, set);
      const at = pods.findIndex((pod) => !pod || !isReady(pod));
      const pod = pods[at];
      // A pod that was never made is told by workload/create-failed.
      if (!pod || isStarting(context, pod, refOf(set))) continue;
      if (isDeleting(pod) && now - (parseTime(pod.metadata.deletionTimestamp) ?? now) < grace.deletion) continue;
      const { currentRevision, updateRevision, updatedReplicas = 0, readyReplicas = 0 } = status;
      const rolling = set.spec?.updateStrategy?.type !== 'OnDelete' && currentRevision !== updateRevision;
      const waiting = pods.slice(at + 1).filter((p) => p === undefined).length;
      const outdated = rolling ? pods.length - updatedReplicas : 0;
      if (waiting === 0 && outdated <= 0) continue;
      const since = notReadySince(pod);
      if (since === undefined || now - since < grace.creating) continue;
      const self = refOf(set);
      const name = pod.metadata.name ?? '';
      const revision = pod.metadata.labels?.['controller-revision-hash'];
      const isOld = updateRevision !== undefined && revision !== undefined && revision !== updateRevision;
      const what =
        waiting > 0 ? `${count(waiting, 'later replica')} not created` : `${count(outdated, 'pod')} not updated`;
      const fix: Action = { verb: 'restart-pod', target: refOf(pod) };
      yield {
        subject: self,
        causeKey: `ordinal ${at}`,
        ...(readyReplicas > 0 && { severity: 'warning' as const }),
        title: `${self.name} waits for its pod ${name}: ${what}`,
        cause:
          `Pod ${name} is not Ready (${stateOf(pod).text}), and ${self.name} makes and updates its pods one after the other. ` +
          (isOld
            ? 'The pod is of the old revision: a corrected template does not replace it, it must be deleted once.'
            : 'Nothing goes on until this pod is Ready.'),
        since: new Date(since).toISOString(),
        causedBy: causeRefs(view, [pod]),
        evidence: [
          readyColumn(set, readyReplicas, pods.length),
          field(pod, '.metadata.name'),
          ...stateEvidence([pod]),
          ...(isOld
            ? [field(pod, '.metadata.labels.controller-revision-hash'), field(set, '.status.updateRevision')]
            : []),
        ],
        remediation: [
          isOld
            ? {
                text: 'Let the controller make the pod anew',
                command: `kubectl delete pod ${name} -n ${self.namespace ?? ''}`,
              }
            : {
                text: 'See why the pod does not become Ready',
                command: `kubectl describe pod ${name} -n ${self.namespace ?? ''}`,
              },
          ...sourceSteps(set),
        ],
        ...(isOld && { fix }),
      };
    }
  },
};

export const statefulSetServiceMissing: Rule = {
  id: 'workload/statefulset-service-missing',
  severity: 'warning',
  confidence: 'certain',
  needs: ['StatefulSet', 'Service'],
  *check({ view, now }) {
    for (const set of view.all('StatefulSet')) {
      const { namespace, creationTimestamp } = set.metadata;
      const service = set.spec?.serviceName ?? '';
      if (service === '' || view.find('Service', namespace, service).state !== 'absent') continue;
      if (now - (parseTime(creationTimestamp) ?? now) < grace.newObject) continue;
      const self = refOf(set);
      yield {
        subject: self,
        causeKey: service,
        title: `${self.name}: its governing Service ${service} does not exist`,
        cause: `spec.serviceName of StatefulSet ${self.name} is ${service}, which is not in ${namespace ?? ''}: its pods have no DNS names of their own, and peers that use them do not find each other.`,
        evidence: [field(set, '.spec.serviceName'), absence('Service', namespace, service)],
        remediation: [
          {
            text: `Create a Service ${service} with clusterIP None and the selector of ${self.name}; see which Services exist`,
            command: `kubectl get services -n ${namespace ?? ''}`,
          },
        ],
      };
    }
  },
};

export const statefulSetUpdateHeld: Rule = {
  id: 'workload/statefulset-update-held',
  severity: 'info',
  confidence: 'certain',
  needs: ['StatefulSet'],
  *check({ view }) {
    for (const set of view.all('StatefulSet')) {
      const { currentRevision, updateRevision, updatedReplicas = 0 } = set.status ?? {};
      const strategy = set.spec?.updateStrategy;
      const partition = strategy?.rollingUpdate?.partition ?? 0;
      const onDelete = strategy?.type === 'OnDelete';
      // An operator drives OnDelete itself.
      if (currentRevision === updateRevision || (!onDelete && partition === 0) || set.metadata.ownerReferences)
        continue;
      const left = (set.spec?.replicas ?? 1) - updatedReplicas;
      if (left <= 0) continue;
      const self = refOf(set);
      const reason = onDelete ? 'strategy OnDelete' : `partition ${partition}`;
      yield {
        subject: self,
        causeKey: reason,
        title: `${self.name}: ${count(left, 'pod')} still run${left === 1 ? 's' : ''} the old revision (${reason})`,
        cause: `The update strategy of ${self.name} holds the update on purpose: ${reason}.`,
        evidence: [
          field(set, onDelete ? '.spec.updateStrategy.type' : '.spec.updateStrategy.rollingUpdate.partition'),
          field(set, '.status.currentRevision'),
          field(set, '.status.updateRevision'),
        ],
        remediation: [
          {
            text: onDelete
              ? 'Delete the pods one by one'
              : 'Lower the partition when the new revision has proved itself',
          },
        ],
      };
    }
  },
};
