import type { ClusterView } from '../../cluster/index.ts';
import { type HorizontalPodAutoscaler, type KubeObject } from '../../domain/index.ts';
import { amountOf, type Amount, type Resource } from '../numbers/index.ts';
import { whyUnread, type Workload } from './workloads.ts';

/** A HorizontalPodAutoscaler as far as requests matter to it. */
export interface HpaFacts {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly current: number;
  /** Utilisation targets in percent: for the whole pod, or for one container. Others do not depend on requests. */
  readonly targets: readonly { readonly resource: Resource; readonly percent: number; readonly container?: string }[];
}

export type HpaLookup =
  | { readonly state: 'none' }
  | { readonly state: 'found'; readonly hpa: HpaFacts }
  | { readonly state: 'unknown'; readonly why: string };

/** What the controller takes where no metric is named. */
const DEFAULT_TARGET = 80;

/** The autoscaler of a workload; of several the first by name. KEDA makes one of its own, which is found the same way. */
export function hpaOf(view: ClusterView, { ref, namespace }: Workload): HpaLookup {
  const found = view
    .inNamespace('HorizontalPodAutoscaler', namespace)
    .find((h) => h.spec?.scaleTargetRef.kind === ref.kind && h.spec.scaleTargetRef.name === ref.name);
  if (found) return { state: 'found', hpa: factsOf(found) };
  if (view.isComplete('HorizontalPodAutoscaler', namespace)) return { state: 'none' };
  return { state: 'unknown', why: whyUnread(view, 'HorizontalPodAutoscaler', namespace) };
}

function factsOf({ metadata, spec, status }: HorizontalPodAutoscaler): HpaFacts {
  const metrics = spec?.metrics ?? [];
  const targets: HpaFacts['targets'][number][] = [];
  for (const metric of metrics) {
    const source = metric.containerResource ?? metric.resource;
    const percent = source?.target.averageUtilization;
    const name = source?.name;
    if (percent === undefined || (name !== 'cpu' && name !== 'memory')) continue;
    const container = metric.containerResource?.container;
    targets.push({ resource: name, percent, ...(container !== undefined && { container }) });
  }
  if (metrics.length === 0) targets.push({ resource: 'cpu', percent: DEFAULT_TARGET });
  return {
    name: metadata.name ?? '',
    min: spec?.minReplicas ?? 1,
    max: spec?.maxReplicas ?? 1,
    current: status?.currentReplicas ?? status?.desiredReplicas ?? 0,
    targets,
  };
}

/** Source: autoscaling.k8s.io/v1, VerticalPodAutoscaler; only the fields that are read here. */
export interface VerticalPodAutoscaler extends KubeObject {
  readonly spec?: {
    readonly targetRef?: { readonly kind?: string; readonly name?: string };
    readonly updatePolicy?: { readonly updateMode?: string };
    readonly resourcePolicy?: {
      readonly containerPolicies?: readonly {
        readonly containerName?: string;
        readonly mode?: string;
        readonly controlledResources?: readonly string[];
      }[];
    };
  };
  readonly status?: {
    readonly recommendation?: {
      readonly containerRecommendations?: readonly {
        readonly containerName?: string;
        readonly target?: Readonly<Record<string, string>>;
      }[];
    };
  };
}

/** The VPAs of the cluster as they were read; a kind of its own that not every cluster has. */
export type VpaRead =
  | { readonly state: 'read'; readonly objects: readonly VerticalPodAutoscaler[] }
  | { readonly state: 'unknown'; readonly why: string };

export interface VpaFacts {
  readonly name: string;
  /** True when it writes this resource of this container itself. */
  readonly inControl: boolean;
  readonly mode: string;
  /** Its own recommendation for the request. */
  readonly target?: Amount;
}

export type VpaLookup =
  | { readonly state: 'none' }
  | { readonly state: 'found'; readonly vpa: VpaFacts }
  | { readonly state: 'unknown'; readonly why: string };

const WRITES = new Set(['Auto', 'Recreate', 'InPlaceOrRecreate']);

export function vpaOf(read: VpaRead, { ref, namespace }: Workload, container: string, resource: Resource): VpaLookup {
  if (read.state === 'unknown') return read;
  const found = read.objects.find(
    ({ metadata, spec }) =>
      metadata.namespace === namespace && spec?.targetRef?.kind === ref.kind && spec.targetRef.name === ref.name,
  );
  if (!found) return { state: 'none' };
  const policies = found.spec?.resourcePolicy?.containerPolicies ?? [];
  const policy = policies.find((p) => p.containerName === container) ?? policies.find((p) => p.containerName === '*');
  const mode = found.spec?.updatePolicy?.updateMode ?? 'Auto';
  const controls = policy?.mode !== 'Off' && (policy?.controlledResources ?? ['cpu', 'memory']).includes(resource);
  const own = found.status?.recommendation?.containerRecommendations?.find((r) => r.containerName === container);
  const target = amountOf(resource, own?.target?.[resource]);
  return {
    state: 'found',
    vpa: {
      name: found.metadata.name ?? '',
      inControl: WRITES.has(mode) && controls,
      mode,
      ...(target !== undefined && { target }),
    },
  };
}

/** What is known of VPAs from the view alone: a cluster without their definition has none. */
export function vpasFromView(view: ClusterView): VpaRead {
  const kind = 'CustomResourceDefinition';
  const isDefined = view.all(kind).some((d) => d.metadata.name === 'verticalpodautoscalers.autoscaling.k8s.io');
  if (isDefined) return { state: 'unknown', why: 'VerticalPodAutoscalers were not read' };
  if (view.isComplete(kind)) return { state: 'read', objects: [] };
  return { state: 'unknown', why: whyUnread(view, kind) };
}
