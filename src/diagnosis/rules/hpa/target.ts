import {
  ageOf,
  conditionAge,
  conditionOf,
  groupBy,
  listed,
  nearest,
  oneLine,
  ref,
  refKey,
  refOf,
  type Action,
} from '../../../domain/index.ts';
import { absence, field } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { lastingFix } from '../workload/managed.ts';
import { conditionPath, isFalse, targetOf, targetRef } from './targets.ts';

const NOT_FOUND = /"([^"]+)" not found/;

export const targetMissing: Rule = {
  id: 'hpa/target-missing',
  severity: 'warning',
  confidence: 'certain',
  needs: ['HorizontalPodAutoscaler', 'Deployment', 'StatefulSet', 'ReplicaSet'],
  *check({ view, now }) {
    for (const hpa of view.all('HorizontalPodAutoscaler')) {
      const target = targetOf(view, hpa);
      const said =
        isFalse(hpa, 'AbleToScale', 'FailedGetScale') && NOT_FOUND.test(conditionOf(hpa, 'AbleToScale')?.message ?? '');
      if (target.state === 'present' || !(said || target.state === 'absent')) continue;
      if (ageOf(hpa, now) < grace.newObject) continue;
      const self = refOf(hpa);
      const { kind, namespace, name } = targetRef(hpa);
      const workloads = [...view.inNamespace('Deployment', namespace), ...view.inNamespace('StatefulSet', namespace)];
      const names = workloads.filter((w) => w.kind === kind).map((w) => w.metadata.name ?? '');
      const near = nearest(name, names);
      const fix: Action | undefined =
        near === undefined
          ? undefined
          : { verb: 'set-autoscaler', target: self, path: '.spec.scaleTargetRef.name', value: near };
      yield {
        subject: self,
        causeKey: `${kind}/${name}`,
        title: oneLine(`Autoscaler ${self.name} refers to ${kind} ${name}, which does not exist`, 90),
        cause:
          `scaleTargetRef of ${self.name} names ${kind} ${name}, which is not in ${namespace ?? ''}: nothing is scaled.` +
          (near === undefined ? '' : ` The nearest name is ${near}.`),
        ...(conditionOf(hpa, 'AbleToScale')?.lastTransitionTime !== undefined && {
          since: conditionOf(hpa, 'AbleToScale')?.lastTransitionTime ?? '',
        }),
        evidence: [
          field(hpa, '.spec.scaleTargetRef.name'),
          ...(said ? [field(hpa, conditionPath('AbleToScale', 'message'))] : []),
          ...(target.state === 'absent' && (kind === 'Deployment' || kind === 'StatefulSet' || kind === 'ReplicaSet')
            ? [absence(kind, namespace, name)]
            : []),
        ],
        remediation: [
          {
            text: `See which ${kind}s exist, then correct scaleTargetRef${near === undefined ? '' : ` to ${near}`} or remove the autoscaler`,
            command: `kubectl get ${kind.toLowerCase()} -n ${namespace ?? ''}`,
          },
        ],
        ...(fix && lastingFix(hpa, fix)),
      };
    }
  },
};

export const cannotScale: Rule = {
  id: 'hpa/cannot-scale',
  severity: 'warning',
  confidence: 'certain',
  needs: ['HorizontalPodAutoscaler'],
  *check({ view, now }) {
    for (const hpa of view.all('HorizontalPodAutoscaler')) {
      if (!isFalse(hpa, 'AbleToScale', 'FailedGetScale', 'FailedUpdateScale')) continue;
      const able = conditionOf(hpa, 'AbleToScale');
      const message = able?.message ?? '';
      if (NOT_FOUND.test(message) || targetOf(view, hpa).state === 'absent') continue;
      if ((conditionAge(able, now) ?? 0) < grace.newObject) continue;
      const self = refOf(hpa);
      const target = targetRef(hpa);
      const noScale = message.includes('could not find the requested resource');
      const why = noScale ? `${target.kind} has no size to set` : (able?.reason ?? '');
      yield {
        subject: self,
        causeKey: noScale ? `no scale ${target.kind}` : (able?.reason ?? ''),
        title: oneLine(`Autoscaler ${self.name} cannot change ${target.kind} ${target.name}: ${why}`, 90),
        cause: noScale
          ? `The API has no scale subresource for ${target.kind} ${target.name} (or not in that apiVersion), so ${self.name} does nothing.`
          : `The API server answers: ${oneLine(message, 200)}.`,
        ...(able?.lastTransitionTime !== undefined && { since: able.lastTransitionTime }),
        causedBy: [target],
        evidence: [
          field(hpa, conditionPath('AbleToScale', 'message'), able?.lastTransitionTime),
          field(hpa, '.spec.scaleTargetRef'),
        ],
        remediation: [
          {
            text: 'Read the events of the autoscaler',
            command: `kubectl describe hpa ${self.name} -n ${self.namespace ?? ''}`,
          },
        ],
      };
    }
  },
};

export const sharedTarget: Rule = {
  id: 'hpa/shared-target',
  severity: 'warning',
  confidence: 'certain',
  needs: ['HorizontalPodAutoscaler'],
  *check({ view }) {
    const told = new Set<string>();
    for (const [, hpas] of groupBy(view.all('HorizontalPodAutoscaler'), (hpa) => refKey(targetRef(hpa)))) {
      const [first] = hpas;
      if (!first || hpas.length < 2) continue;
      for (const hpa of hpas) told.add(refKey(refOf(hpa)));
      const target = targetRef(first);
      const names = hpas.map((h) => h.metadata.name ?? '');
      yield {
        subject: refOf(first),
        causeKey: refKey(target),
        title: oneLine(`${target.kind} ${target.name} is scaled by ${hpas.length} autoscalers: ${listed(names)}`, 90),
        cause: `${listed(names)} have the same scaleTargetRef, ${target.kind} ${target.name}: they overrule each other, or the controller stops them all.`,
        affects: hpas.slice(1).map(refOf),
        causedBy: [target],
        evidence: [
          field(first, '.spec.scaleTargetRef'),
          ...hpas.slice(1, 4).map((h) => field(h, '.spec.scaleTargetRef')),
          ...hpas.slice(0, 3).map((h) => field(h, '.metadata.name')),
        ],
        remediation: [
          {
            text: 'Keep one of them and put its metrics together there',
            command: `kubectl get hpa -n ${target.namespace ?? ''}`,
          },
        ],
      };
    }
    for (const hpa of view.all('HorizontalPodAutoscaler')) {
      if (!isFalse(hpa, 'ScalingActive', 'AmbiguousSelector', 'InvalidSelector')) continue;
      const self = refOf(hpa);
      if (told.has(refKey(self))) continue;
      const active = conditionOf(hpa, 'ScalingActive');
      const target = targetRef(hpa);
      const others = [...(active?.message ?? '').matchAll(/[\w-]+\/([\w.-]+)/g)].map(([, name = '']) => name);
      const rivals = others.filter((name) => name !== self.name).sort();
      yield {
        subject: self,
        causeKey: rivals.join(','),
        title: oneLine(
          rivals.length > 0
            ? `Autoscalers ${self.name} and ${listed(rivals)} control the same pods`
            : `Autoscaler ${self.name} cannot tell its pods apart: ${active?.reason ?? ''}`,
          90,
        ),
        cause: `The selector of ${target.kind} ${target.name} also takes pods of another autoscaled workload, so ${self.name} does not scale.`,
        affects: rivals.map((name) => ref('HorizontalPodAutoscaler', self.namespace, name)),
        causedBy: [target],
        evidence: [
          field(hpa, conditionPath('ScalingActive', 'message'), active?.lastTransitionTime),
          field(hpa, '.spec.scaleTargetRef.name'),
        ],
        remediation: [{ text: 'Give each workload a label of its own in selector and template' }],
      };
    }
  },
};
