import type { Node, PodSpec, Taint, Toleration } from './kube.ts';
import { matchesExpression } from './selectors.ts';

/** The taint that a cordon sets; the cordon itself is judged by spec.unschedulable. */
export const CORDON_TAINT = 'node.kubernetes.io/unschedulable';
/** Taints that keep ordinary pods off the control plane on purpose. */
export const CONTROL_PLANE_TAINTS: readonly string[] = [
  'node-role.kubernetes.io/control-plane',
  'node-role.kubernetes.io/master',
];

/** Taints that keep the pod away, a cordon's left out. PreferNoSchedule never blocks. */
export function blockingTaints(node: Node, tolerations: readonly Toleration[] | undefined): readonly Taint[] {
  return (node.spec?.taints ?? []).filter(
    (taint) =>
      taint.key !== CORDON_TAINT &&
      taint.effect !== 'PreferNoSchedule' &&
      !(tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  );
}

/** Source: k8s.io/api/core/v1, Toleration.ToleratesTaint: an empty key with Exists tolerates all, an empty effect any. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = 'Equal', effect = '', value = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  return operator === 'Equal' && key !== '' && value === (taint.value ?? '');
}

/** `dedicated=batch:NoSchedule`, as kubectl takes it. */
export function taintText({ key, value, effect }: Taint): string {
  return `${key}${value !== undefined && value !== '' ? `=${value}` : ''}:${effect}`;
}

/** One thing that a pod demands of its node's labels. */
export interface LabelDemand {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
  /** Where it stands in the pod's spec. */
  readonly path: string;
  /** Of metadata.name instead of a label. */
  readonly ofField: boolean;
}

/**
 * The demands of a pod on node labels: `all` must hold, and the demands of one of `anyOf` where there are any.
 * Preferences are left out: they never block.
 */
export interface NodeDemand {
  readonly all: readonly LabelDemand[];
  readonly anyOf: readonly (readonly LabelDemand[])[];
}

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** What spec.nodeSelector and the required node affinity ask for. */
export function nodeDemand(spec: PodSpec | undefined): NodeDemand {
  const all = Object.entries(spec?.nodeSelector ?? {}).map(([key, value]): LabelDemand => ({
    key,
    operator: 'In',
    values: [value],
    path: '.spec.nodeSelector',
    ofField: false,
  }));
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const root = '.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  return { all, anyOf: termsOf(terms, root) };
}

interface Term {
  readonly matchExpressions?: readonly Expression[];
  readonly matchFields?: readonly Expression[];
}

/** Node selector terms, of a pod's affinity or of a volume's. */
export function termsOf(terms: readonly Term[] | undefined, root: string): readonly (readonly LabelDemand[])[] {
  return (terms ?? []).map((term, i) => {
    const of = (expression: Expression, ofField: boolean): LabelDemand => ({
      key: expression.key,
      operator: expression.operator,
      values: expression.values ?? [],
      path: `${root}[${i}]`,
      ofField,
    });
    return [
      ...(term.matchExpressions ?? []).map((e) => of(e, false)),
      ...(term.matchFields ?? []).map((e) => of(e, true)),
    ];
  });
}

export function meets(node: Node, demand: LabelDemand): boolean {
  const labels: Readonly<Record<string, string>> = demand.ofField
    ? { 'metadata.name': node.metadata.name ?? '' }
    : (node.metadata.labels ?? {});
  return matchesExpression(demand, labels);
}

/** An empty term matches no node, as in the API. */
export function meetsAll(node: Node, { all, anyOf }: NodeDemand): boolean {
  if (!all.every((d) => meets(node, d))) return false;
  return anyOf.length === 0 || anyOf.some((term) => term.length > 0 && term.every((d) => meets(node, d)));
}

/** `disktype=ssd`, `zone in (a,b)`, `!gpu`, for people. */
export function demandText({ key, operator, values }: LabelDemand): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0] ?? ''}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} not in (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return `${key} ${operator === 'Gt' ? '>' : '<'} ${values[0] ?? ''}`;
  }
}
