import {
  listed,
  ref,
  refKey,
  refOf,
  type Evidence,
  type KubeEvent,
  type NonEmpty,
  type ObjectRef,
  type Step,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { event, field, shown } from '../../evidence.ts';
import { patterns, type LogPattern } from '../../logs/index.ts';
import { eventTime } from '../../../cluster/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { logRule, readLog } from '../log/common.ts';
import { boundTo, isGranted, verbsOn, type Request } from './grants.ts';

function requestOf(groups: Readonly<Record<string, string>>): Request | undefined {
  const { verb, resource, group = '', namespace, account, accountNamespace } = groups;
  if (verb === undefined || resource === undefined || account === undefined || accountNamespace === undefined)
    return undefined;
  return { verb, resource, group, account, accountNamespace, ...(namespace !== undefined && { namespace }) };
}

/** `deployments.apps`, as kubectl takes it. */
function resourceText({ resource, group }: Request): string {
  const [plural = '', sub] = resource.split('/');
  const full = group === '' ? plural : `${plural}.${group}`;
  return sub === undefined ? full : `${full}/${sub}`;
}

/** The API server's own answer to whether the account may. */
function canI(request: Request): Evidence {
  const { verb, namespace, account, accountNamespace } = request;
  const [plural = '', sub] = resourceText(request).split('/');
  const scope = namespace === undefined ? ' --all-namespaces' : ` -n ${namespace}`;
  const part = sub === undefined ? '' : ` --subresource=${sub}`;
  return shown(
    ref('ServiceAccount', accountNamespace, account),
    `may ${verb} ${request.resource}`,
    'no',
    `kubectl auth can-i ${verb} ${plural}${part}${scope} --as=system:serviceaccount:${accountNamespace}:${account}`,
  );
}

/** Commands that grant exactly what was refused. */
function grantSteps(request: Request): NonEmpty<Step> {
  const { verb, namespace, account, accountNamespace } = request;
  const [kind, scope] =
    namespace === undefined ? (['clusterrole', ''] as const) : (['role', ` -n ${namespace}`] as const);
  const name = `${account}-${verb}-${request.resource.replace('/', '-')}`;
  return [
    {
      text: 'After a security review, make a role with that permission',
      command: `kubectl create ${kind} ${name} --verb=${verb} --resource=${resourceText(request)}${scope}`,
    },
    {
      text: 'Bind it to the account',
      command: `kubectl create ${kind}binding ${name} --${kind}=${name} --serviceaccount=${accountNamespace}:${account}${scope}`,
    },
  ];
}

function scopeText({ namespace }: Request): string {
  return namespace === undefined ? 'in the whole cluster' : `in ${namespace}`;
}

const app = logRule(
  'rbac/app-forbidden',
  (seen, { view }) => {
    const request = requestOf(seen.match.groups);
    const own = seen.pod.spec?.serviceAccountName ?? 'default';
    // A line about another identity does not say what this program lacks.
    if (!request || request.account !== own || request.accountNamespace !== seen.namespace) return undefined;
    const granted = isGranted(view, request);
    if (granted === 'yes') return undefined;
    const bound = boundTo(view, request);
    const verbs = verbsOn(bound, request);
    const roles = bound.map((b) => b.role).filter((r) => !r.name.startsWith('system:'));
    return {
      causeKey: `${request.verb} ${resourceText(request)} ${request.namespace ?? ''}`,
      title: `${seen.workload.name} may not ${request.verb} ${resourceText(request)}: account ${own} lacks the permission`,
      cause: [
        `ServiceAccount ${own} may not ${request.verb} ${resourceText(request)} ${scopeText(request)}.`,
        verbs.length > 0 ? `Its roles grant ${listed(verbs)} on it.` : '',
        granted === 'unknown'
          ? ''
          : roles.length > 0
            ? `Roles bound to it: ${listed(roles.map((r) => r.name))}.`
            : 'No role is bound to it there.',
      ]
        .filter((part) => part !== '')
        .join(' '),
      confidence: granted === 'no' ? 'certain' : 'likely',
      causedBy: [
        ref('ServiceAccount', request.accountNamespace, request.account),
        ...bound.map((b) => refOf(b.binding)),
        ...roles,
      ],
      evidence: [
        ...(granted === 'no' ? [canI(request)] : []),
        ...bound
          .filter((b) => roles.includes(b.role))
          .slice(0, 2)
          .map((b) => field(b.binding, '.roleRef.name')),
      ],
      remediation: [...grantSteps(request), readLog(seen)],
    };
  },
  'warning',
);

export const appForbidden: Rule = {
  ...app,
  needs: ['Pod', 'Log', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'],
};

const refusal: LogPattern | undefined = patterns.find((p) => p.id === 'rbac-api');

function refusedIn(message: string | undefined): Request | undefined {
  if (message?.includes('system:serviceaccount:') !== true) return undefined;
  return requestOf(refusal?.find.exec(message)?.groups ?? {});
}

/** A controller that may not do its work says so in the events and conditions of the objects it works on. */
export const controllerForbidden: Rule = {
  id: 'rbac/controller-forbidden',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Event', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'],
  *check({ view }): Generator<Draft> {
    const found = new Map<string, { request: Request; evidence: Evidence; objects: Map<string, ObjectRef> }>();
    for (const { request, evidence, object } of refusals(view)) {
      const key = `${request.accountNamespace}/${request.account}|${request.verb}|${resourceText(request)}`;
      const entry = found.get(key) ?? { request, evidence, objects: new Map<string, ObjectRef>() };
      entry.objects.set(refKey(object), object);
      found.set(key, entry);
    }
    for (const { request, evidence, objects } of found.values()) {
      const granted = isGranted(view, request);
      if (granted === 'yes') continue;
      const account = ref('ServiceAccount', request.accountNamespace, request.account);
      yield {
        subject: account,
        causeKey: `${request.verb} ${resourceText(request)}`,
        title: `Controller ${request.account} is refused by RBAC: may not ${request.verb} ${resourceText(request)}`,
        cause: `ServiceAccount ${request.account} in ${request.accountNamespace} may not ${request.verb} ${resourceText(request)} ${scopeText(request)}, so what it should do for ${listed([...objects.values()].map((o) => o.name))} is not done.`,
        affects: [...objects.values()],
        evidence: [evidence, ...(granted === 'no' ? [canI(request)] : [])],
        remediation: [{ text: "Apply the controller's current RBAC manifest" }, ...grantSteps(request)],
      };
    }
  },
};

interface Refusal {
  readonly request: Request;
  readonly evidence: Evidence;
  readonly object: ObjectRef;
}

function* refusals(view: ClusterView): Generator<Refusal> {
  const recent = view.all('Event').filter((e) => isRecent(e, view.at));
  for (const e of recent) {
    const request = refusedIn(e.message);
    const { kind = '', namespace, name = '' } = e.involvedObject;
    if (request) yield { request, evidence: event(e), object: ref(kind, namespace, name) };
  }
  for (const kind of ['HorizontalPodAutoscaler', 'Deployment', 'PersistentVolumeClaim', 'Job'] as const)
    for (const object of view.all(kind)) {
      const conditions = object.status?.conditions ?? [];
      for (const condition of conditions) {
        const request = refusedIn(condition.message);
        if (request)
          yield {
            request,
            evidence: field(object, `.status.conditions[?(@.type=="${condition.type}")].message`),
            object: refOf(object),
          };
      }
    }
}

const RECENT_MS = 3_600_000;

function isRecent(e: KubeEvent, now: number): boolean {
  const time = eventTime(e);
  return e.type === 'Warning' && time !== undefined && now - time <= RECENT_MS;
}
