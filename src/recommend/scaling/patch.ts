import { ref } from '../../domain/index.ts';
import type { Workload } from '../facts/index.ts';
import type { HpaShape, ScalingRecommendation } from './types.ts';

type Change = Pick<ScalingRecommendation, 'apply' | 'rollback'>;

/** More than two pods at once are more than a small step. */
const SMALL_STEP = 2;

export function replicaChange({ ref: target, replicas: current }: Workload, replicas: number): Change {
  const line = (n: number) =>
    `kubectl scale ${target.kind.toLowerCase()}/${target.name} -n ${target.namespace ?? ''} --replicas=${n}`;
  return {
    apply: {
      tier: Math.abs(replicas - current) <= SMALL_STEP ? 'low' : 'medium',
      action: { verb: 'scale', target, replicas },
      command: line(replicas),
      patch: { spec: { replicas } },
    },
    rollback: { command: line(current), patch: { spec: { replicas: current } } },
  };
}

/** A new autoscaler as a manifest, or a higher maximum of the one that is there. */
export function hpaChange(
  { ref: owner, namespace }: Workload,
  shape: HpaShape,
  existingMax: number | undefined,
): Change {
  const { name, min, max, target } = shape;
  if (existingMax !== undefined) {
    const line = (n: number) =>
      `kubectl patch hpa/${name} -n ${namespace} --type merge -p '{"spec":{"maxReplicas":${n}}}'`;
    return {
      apply: {
        tier: 'medium',
        action: {
          verb: 'set-autoscaler',
          target: ref('HorizontalPodAutoscaler', namespace, name),
          path: '.spec.maxReplicas',
          value: max,
        },
        command: line(max),
        patch: { spec: { maxReplicas: max } },
      },
      rollback: { command: line(existingMax), patch: { spec: { maxReplicas: existingMax } } },
    };
  }
  const manifest = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: owner.kind, name: owner.name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } } },
      ],
    },
  };
  return {
    // No verb of the executor creates an object: a person applies the manifest.
    apply: {
      tier: 'medium',
      action: null,
      command: `kubectl apply -n ${namespace} --dry-run=server -f - <<'END'\n${JSON.stringify(manifest)}\nEND`,
      patch: manifest,
    },
    rollback: { command: `kubectl delete hpa/${name} -n ${namespace}`, patch: {} },
  };
}
