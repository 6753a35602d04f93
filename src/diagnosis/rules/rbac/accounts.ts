import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import {
  ageOf,
  nearest,
  parseTime,
  podSpecPath,
  ref,
  refOf,
  templateOf,
  type Evidence,
  type KubeEvent,
  type KubeObject,
} from '../../../domain/index.ts';
import { absence, event, field } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';

const NOT_FOUND = /error looking up service account [^:]{1,320}: serviceaccount "(?<name>[^"]{1,253})" not found/;

/** Kinds whose controller creates pods by a template. */
const CREATORS = ['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job'] as const;

export const serviceAccountMissing: Rule = {
  id: 'rbac/serviceaccount-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['ServiceAccount', 'Event', 'Pod', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job'],
  *check({ view, now }): Generator<Draft> {
    for (const kind of CREATORS)
      for (const object of view.all(kind)) {
        const account = templateOf(object)?.spec?.serviceAccountName;
        if (account === undefined || account === '' || !wantsPods(object)) continue;
        const found = view.find('ServiceAccount', object.metadata.namespace, account);
        if (found.state === 'present') continue;
        const failed = view
          .events(object, 'FailedCreate')
          .findLast((e) => NOT_FOUND.exec(e.message ?? '')?.groups?.name === account);
        const isStale = failed !== undefined && hasNewerPods(view, object, failed);
        if (isStale || (found.state === 'unknown' && !failed)) continue;
        if (!failed && (view.podsOf(refOf(object)).length > 0 || ageOf(object, now) < grace.newObject)) continue;
        yield draft(view, object, account, failed, found.state === 'absent');
      }
  },
};

function wantsPods(object: KubeObject): boolean {
  const { spec, status } = object as {
    spec?: { replicas?: number; suspend?: boolean };
    status?: {
      completionTime?: string;
      desiredNumberScheduled?: number;
      conditions?: readonly { type: string; status: string }[];
    };
  };
  if (object.kind === 'Job')
    return (
      spec?.suspend !== true &&
      status?.conditions?.some((c) => ['Complete', 'Failed'].includes(c.type) && c.status === 'True') !== true
    );
  return object.kind === 'DaemonSet' ? (status?.desiredNumberScheduled ?? 0) > 0 : (spec?.replicas ?? 1) > 0;
}

/** A pod that was made after the failure shows that the account was there by then. */
function hasNewerPods(view: ClusterView, object: KubeObject, failed: KubeEvent): boolean {
  const time = eventTime(failed) ?? 0;
  return view.podsOf(refOf(object)).some((pod) => (parseTime(pod.metadata.creationTimestamp) ?? 0) >= time);
}

function draft(
  view: ClusterView,
  object: KubeObject,
  account: string,
  failed: KubeEvent | undefined,
  isAbsent: boolean,
): Draft {
  const ns = object.metadata.namespace ?? '';
  const workload = view.workload(object);
  const near = nearest(
    account,
    view.inNamespace('ServiceAccount', ns).map((s) => s.metadata.name ?? ''),
  );
  const elsewhere = view.all('ServiceAccount').find((s) => s.metadata.name === account && s.metadata.namespace !== ns);
  const path = `${podSpecPath(object.kind)}.serviceAccountName`;
  const patchable = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'].includes(workload.kind);
  const says: Evidence = failed ? event(failed) : field(object, path);
  return {
    subject: refOf(object),
    causeKey: account,
    title: `${workload.name} runs as ServiceAccount ${account}, which does not exist in ${ns}`,
    cause: [
      `ServiceAccount ${account} is missing in ${ns}, so the API server lets no pod of ${workload.name} be created.`,
      near === undefined ? '' : `The nearest name is ${near}.`,
      elsewhere ? `One of that name is in ${elsewhere.metadata.namespace ?? ''}.` : '',
    ]
      .filter((part) => part !== '')
      .join(' '),
    ...(object.metadata.creationTimestamp !== undefined && { since: object.metadata.creationTimestamp }),
    causedBy: [ref('ServiceAccount', ns, account)],
    evidence: [
      says,
      ...(failed ? [field(object, path)] : []),
      ...(isAbsent ? [absence('ServiceAccount', ns, account)] : []),
      ...(elsewhere ? [field(elsewhere, '.metadata.namespace')] : []),
    ],
    remediation: [
      near === undefined
        ? {
            text: 'Create the account with the role that it needs',
            command: `kubectl create serviceaccount ${account} -n ${ns}`,
          }
        : { text: `Correct the name in ${workload.kind.toLowerCase()}/${workload.name} to ${near}` },
      { text: 'See which accounts exist', command: `kubectl get serviceaccounts -n ${ns}` },
    ],
    ...(near !== undefined &&
      patchable && {
        fix: {
          verb: 'set-reference',
          target: workload,
          path: `${podSpecPath(workload.kind)}.serviceAccountName`,
          value: near,
        } as const,
      }),
  };
}
