import { conditionAge, conditionOf, listed, oneLine, podSpecPath, ref, refOf } from '../../../domain/index.ts';
import { field, inNamespace } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { conditionPath, countedContainers, isFalse, metricName, targetOf, targetRef } from './targets.ts';

/** metrics-server needs one or two of its windows until it knows new pods. */
const SETTLED_AFTER_MS = 180_000;

const NO_METRICS =
  /unable to (get|fetch) metrics|no metrics returned|could not find the requested resource|the server is currently unable/;
const NO_REQUEST = /missing request for (\S+) in container (\S+) of Pod (\S+)/;

export const metricsUnavailable: Rule = {
  id: 'hpa/metrics-unavailable',
  severity: 'warning',
  confidence: 'certain',
  needs: ['HorizontalPodAutoscaler'],
  *check({ view, now }) {
    for (const hpa of view.all('HorizontalPodAutoscaler')) {
      if (!isFalse(hpa, 'ScalingActive', 'FailedGetResourceMetric', 'FailedGetContainerResourceMetric')) continue;
      const active = conditionOf(hpa, 'ScalingActive');
      const message = active?.message ?? '';
      if (!NO_METRICS.test(message) || NO_REQUEST.test(message)) continue;
      if ((conditionAge(active, now) ?? 0) < SETTLED_AFTER_MS) continue;
      const self = refOf(hpa);
      const resources = (hpa.spec?.metrics ?? []).filter((m) => m.resource ?? m.containerResource).map(metricName);
      const what = resources.length > 0 ? listed(resources) : 'resource';
      yield {
        subject: self,
        causeKey: 'resource metrics',
        title: oneLine(`Autoscaler ${self.name} gets no ${what} metrics and does not scale ${targetRef(hpa).name}`, 90),
        cause: `metrics.k8s.io gives no value for its pods: metrics-server is absent or down, or it cannot reach their node.`,
        ...(active?.lastTransitionTime !== undefined && { since: active.lastTransitionTime }),
        causedBy: [ref('APIService', undefined, 'v1beta1.metrics.k8s.io')],
        evidence: [
          field(hpa, conditionPath('ScalingActive', 'message'), active?.lastTransitionTime),
          field(hpa, '.spec.scaleTargetRef.name'),
        ],
        remediation: [
          {
            text: 'Check that metrics-server runs and answers',
            command: 'kubectl get apiservice v1beta1.metrics.k8s.io',
          },
          { text: 'See whether it knows the pods', command: `kubectl top pods${inNamespace(self.namespace)}` },
        ],
      };
    }
  },
};

export const customMetricMissing: Rule = {
  id: 'hpa/custom-metric-missing',
  severity: 'warning',
  confidence: 'certain',
  needs: ['HorizontalPodAutoscaler'],
  *check({ view, now }) {
    for (const hpa of view.all('HorizontalPodAutoscaler')) {
      const reasons = [
        'FailedGetPodsMetric',
        'FailedGetObjectMetric',
        'FailedGetExternalMetric',
        'InvalidMetricSourceType',
      ];
      if (!isFalse(hpa, 'ScalingActive', ...reasons)) continue;
      const active = conditionOf(hpa, 'ScalingActive');
      if ((conditionAge(active, now) ?? 0) < SETTLED_AFTER_MS) continue;
      const self = refOf(hpa);
      const message = active?.message ?? '';
      const custom = (hpa.spec?.metrics ?? []).filter((m) => m.pods ?? m.object ?? m.external);
      const metric = custom.find((m) => message.includes(metricName(m))) ?? custom[0];
      if (!metric) continue;
      const name = metricName(metric);
      const group = metric.external ? 'external.metrics.k8s.io' : 'custom.metrics.k8s.io';
      const noAdapter = /could not find the requested resource|the server is currently unable/.test(message);
      const source = metric.external ? 'external' : metric.object ? 'object' : 'pods';
      yield {
        subject: self,
        causeKey: name,
        title: oneLine(
          `Autoscaler ${self.name}: metric ${name} is not available (${noAdapter ? `no ${group}` : 'not found'})`,
          90,
        ),
        cause: noAdapter
          ? `No adapter serves ${group}, so ${name} has no value and ${self.name} does not scale.`
          : `${group} has no value for ${name}: the metric has another name or selector, or nothing reports it; ${self.name} does not scale.`,
        ...(active?.lastTransitionTime !== undefined && { since: active.lastTransitionTime }),
        causedBy: view
          .all('APIService')
          .filter((s) => s.spec?.group === group)
          .map(refOf),
        evidence: [
          field(hpa, conditionPath('ScalingActive', 'message'), active?.lastTransitionTime),
          field(hpa, `.spec.metrics[${hpa.spec?.metrics?.indexOf(metric) ?? 0}].${source}.metric.name`),
        ],
        remediation: [{ text: 'See which metrics the API serves', command: `kubectl get --raw /apis/${group}` }],
      };
    }
  },
};

export const noRequests: Rule = {
  id: 'hpa/no-requests',
  severity: 'warning',
  confidence: 'certain',
  needs: ['HorizontalPodAutoscaler', 'Deployment', 'StatefulSet', 'Pod'],
  *check({ view }) {
    for (const hpa of view.all('HorizontalPodAutoscaler')) {
      // One metric that works is enough to scale; replicas 0 turn scaling off.
      if (!isFalse(hpa, 'ScalingActive') || isFalse(hpa, 'ScalingActive', 'ScalingDisabled')) continue;
      const target = targetOf(view, hpa);
      const counted = target.state === 'present' ? countedContainers(view, target.object) : undefined;
      const message = conditionOf(hpa, 'ScalingActive')?.message ?? '';
      for (const metric of hpa.spec?.metrics ?? []) {
        const resource = metric.resource;
        if (resource?.target.type !== 'Utilization') continue;
        const [, saidResource, said] = NO_REQUEST.exec(message) ?? [];
        const lacking = counted?.containers.find((c) => c.resources?.requests?.[resource.name] === undefined);
        const perPod = counted?.spec.resources?.requests?.[resource.name] !== undefined;
        const container = saidResource === resource.name ? said : perPod ? undefined : lacking?.name;
        if (container === undefined) continue;
        const self = refOf(hpa);
        const { kind, name, namespace } = targetRef(hpa);
        const asks = counted?.containers.some((c) => c.name === container);
        yield {
          subject: self,
          causeKey: `${resource.name} ${container}`,
          title: oneLine(
            `Autoscaler ${self.name} scales on ${resource.name} utilisation, but container ${container} sets no ${resource.name} request`,
            90,
          ),
          cause: `Utilisation is a share of the request; container ${container} of ${name} has no ${resource.name} request, so ${self.name} cannot compute it and does not scale.`,
          evidence: [
            field(hpa, `.spec.metrics[${hpa.spec?.metrics?.indexOf(metric) ?? 0}].resource`),
            field(hpa, '.spec.scaleTargetRef.name'),
            ...(said === container ? [field(hpa, conditionPath('ScalingActive', 'message'))] : []),
            ...(counted && asks
              ? [
                  field(
                    counted.object,
                    `${podSpecPath(counted.object.kind)}.containers[?(@.name=="${container}")].name`,
                  ),
                ]
              : []),
          ],
          remediation: [
            {
              text: `Set the request to what the container uses, e.g. p95 × 1.3`,
              command: `kubectl set resources ${kind.toLowerCase()}/${name} -n ${namespace ?? ''} -c ${container} --requests=${resource.name}=<value>`,
            },
          ],
        };
      }
    }
  },
};
