import type { ClusterView } from '../../../cluster/index.ts';
import {
  isDeleting,
  listed,
  nearest,
  podSpecPath,
  refOf,
  templateOf,
  type CatalogueId,
  type KubeEvent,
  type KubeObject,
  type ObjectRef,
  type Pod,
} from '../../../domain/index.ts';
import { absence, event, field } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';

type ClassKind = 'PriorityClass' | 'RuntimeClass';

/** What makes pods from a template; those that a workload above makes are left out. */
function templates(view: ClusterView): readonly KubeObject[] {
  const own = (['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'] as const).flatMap((kind): readonly KubeObject[] =>
    view.all(kind),
  );
  const alone = (['ReplicaSet', 'Job'] as const)
    .flatMap((kind): readonly KubeObject[] => view.all(kind))
    .filter((object) => (object.metadata.ownerReferences ?? []).length === 0);
  return [...own, ...alone].filter((object) => !isDeleting(object));
}

/** The refusal of a pod on the object that makes the pods: a Deployment's stands on its ReplicaSet. */
function refusal(view: ClusterView, object: KubeObject, words: RegExp): KubeEvent | undefined {
  const makers = [object, ...view.children(refOf(object)).filter((child) => child.kind !== 'Pod')];
  return makers.flatMap((maker) => view.events(maker, 'FailedCreate')).findLast((e) => words.test(e.message ?? ''));
}

function missingClass(kind: ClassKind, key: 'priorityClassName' | 'runtimeClassName', words: RegExp) {
  return function* (view: ClusterView): Generator<Draft> {
    for (const object of templates(view)) {
      const name = templateOf(object)?.spec?.[key];
      if (name === undefined || name === '') continue;
      const found = view.find(kind, undefined, name);
      if (found.state === 'present' || (object as { spec?: { replicas?: number } }).spec?.replicas === 0) continue;
      const refused = refusal(view, object, words);
      if (found.state === 'unknown' && !refused) continue;
      const names = view.all(kind).map((c) => c.metadata.name ?? '');
      const near = nearest(name, names);
      const subject = refOf(object);
      yield {
        subject,
        causeKey: name,
        // Pods that run already keep running; without a refusal nothing has gone wrong yet.
        severity: refused ? 'critical' : 'warning',
        title: `${subject.name} names ${kind} ${name}, which does not exist`,
        cause: `The pod template asks for ${kind} ${name}; as there is none, the API server refuses every new pod.${near !== undefined ? ` The nearest name is ${near}.` : ''}`,
        evidence: [
          field(object, `${podSpecPath(object.kind)}.${key}`),
          ...(found.state === 'absent' ? [absence(kind, undefined, name)] : []),
          ...(refused ? [event(refused)] : []),
        ],
        remediation: [
          {
            text: `See which exist${names.length > 0 ? `: ${listed(names)}` : ''}`,
            command: `kubectl get ${kind.toLowerCase()}`,
          },
          near !== undefined
            ? { text: `Correct ${key} in ${refOf(object).kind.toLowerCase()}/${subject.name} to ${near}` }
            : { text: `Create ${kind} ${name}, or correct ${key} in ${subject.kind.toLowerCase()}/${subject.name}` },
        ],
      };
    }
  };
}

const missingPriorityClass = missingClass(
  'PriorityClass',
  'priorityClassName',
  /no PriorityClass with name \S+ was found/,
);
const missingRuntimeClass = missingClass('RuntimeClass', 'runtimeClassName', /RuntimeClass "?[^" ]+"? not found/);

export const priorityClassMissing: Rule = {
  id: 'scheduling/priorityclass-missing' satisfies CatalogueId,
  severity: 'critical',
  confidence: 'certain',
  needs: ['PriorityClass'],
  check: ({ view }) => missingPriorityClass(view),
};

export const runtimeClassMissing: Rule = {
  id: 'scheduling/runtimeclass-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['RuntimeClass', 'Event'],
  *check({ view }) {
    yield* missingRuntimeClass(view);
    for (const pod of view.all('Pod')) {
      const name = pod.spec?.runtimeClassName;
      if (name === undefined || pod.status?.phase !== 'Pending' || isDeleting(pod)) continue;
      const refused = view.events(pod, 'FailedCreatePodSandBox').findLast((e) => NO_HANDLER.test(e.message ?? ''));
      if (refused) yield handlerMissing(view, pod, name, view.workload(pod), refused);
    }
  },
};

const NO_HANDLER = /no runtime for ".*" is configured|unknown handler|RuntimeHandler .* not supported/;

function handlerMissing(view: ClusterView, pod: Pod, name: string, workload: ObjectRef, refused: KubeEvent): Draft {
  const runtimeClass = view.get('RuntimeClass', undefined, name);
  const handler = runtimeClass?.handler;
  const node = pod.spec?.nodeName ?? '';
  return {
    subject: refOf(pod),
    causeKey: `${name} ${handler ?? ''}`,
    title: `${workload.name} needs RuntimeClass ${name}, which the node's container runtime lacks`,
    cause: `RuntimeClass ${name} asks for the handler ${handler ?? 'of its name'}, which is not configured in the container runtime of ${node}, so no sandbox can be made.`,
    ...(pod.status?.startTime !== undefined && { since: pod.status.startTime }),
    evidence: [
      event(refused),
      field(pod, '.spec.nodeName'),
      ...(runtimeClass ? [field(runtimeClass, '.handler')] : []),
    ],
    remediation: [
      { text: 'See on which nodes the handler should be', command: `kubectl get runtimeclass ${name} -o yaml` },
      {
        text: `Install the handler on ${node}, or let scheduling.nodeSelector of the RuntimeClass choose nodes that have it`,
      },
    ],
  };
}
