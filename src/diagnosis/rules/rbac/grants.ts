import type { ClusterView } from '../../../cluster/index.ts';
import {
  ref,
  type ClusterRole,
  type ClusterRoleBinding,
  type ObjectRef,
  type Role,
  type RoleBinding,
} from '../../../domain/index.ts';

/** One request, as the API server words its refusal. */
export interface Request {
  readonly verb: string;
  /** `pods`, `pods/log`. */
  readonly resource: string;
  readonly group: string;
  /** Absent for the cluster scope. */
  readonly namespace?: string;
  readonly accountNamespace: string;
  readonly account: string;
}

type Binding = RoleBinding | ClusterRoleBinding;
type PolicyRule = NonNullable<Role['rules']>[number];

/** What is bound to an account, as far as it counts for a request. */
export interface Bound {
  readonly binding: Binding;
  readonly role: ObjectRef;
  /** Undefined when the role does not exist or was not read. */
  readonly rules?: readonly PolicyRule[];
}

/** Whether RBAC objects grant the request now; unknown when not all of them were read. */
export function isGranted(view: ClusterView, request: Request): 'yes' | 'no' | 'unknown' {
  const granted = boundTo(view, request).some(({ rules }) => rules?.some((rule) => allows(rule, request)) === true);
  if (granted) return 'yes';
  const { namespace } = request;
  const isKnown =
    view.isComplete('ClusterRoleBinding') &&
    view.isComplete('ClusterRole') &&
    (namespace === undefined || (view.isComplete('RoleBinding', namespace) && view.isComplete('Role', namespace)));
  return isKnown ? 'no' : 'unknown';
}

/** The roles that an account has for a request's scope. */
export function boundTo(
  view: ClusterView,
  { namespace, account, accountNamespace }: Pick<Request, 'namespace' | 'account' | 'accountNamespace'>,
): readonly Bound[] {
  const bindings: readonly Binding[] = [
    ...view.all('ClusterRoleBinding'),
    ...(namespace === undefined ? [] : view.inNamespace('RoleBinding', namespace)),
  ];
  return bindings
    .filter((binding) => binding.subjects?.some((s) => isAccount(s, binding, accountNamespace, account)) === true)
    .map((binding) => {
      const role = roleOf(binding);
      const rules = (view.resolve(role) as Role | ClusterRole | undefined)?.rules;
      return { binding, role, ...(rules && { rules }) };
    });
}

export function roleOf(binding: Binding): ObjectRef {
  const { kind, name } = binding.roleRef;
  return kind === 'Role' ? ref('Role', binding.metadata.namespace, name) : ref('ClusterRole', undefined, name);
}

type Subject = NonNullable<Binding['subjects']>[number];

function isAccount(subject: Subject, binding: Binding, namespace: string, name: string): boolean {
  if (subject.kind === 'ServiceAccount')
    return subject.name === name && (subject.namespace ?? binding.metadata.namespace) === namespace;
  if (subject.kind === 'User') return subject.name === `system:serviceaccount:${namespace}:${name}`;
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'].includes(
    subject.name,
  );
}

function allows(rule: PolicyRule, { verb, resource, group }: Request): boolean {
  const has = (list: readonly string[] | undefined, wanted: string) =>
    list?.includes('*') === true || list?.includes(wanted) === true;
  const [, sub] = resource.split('/');
  const resourceFits =
    has(rule.resources, resource) || (sub !== undefined && rule.resources?.includes(`*/${sub}`) === true);
  return has(rule.verbs, verb) && has(rule.apiGroups, group) && resourceFits && (rule.resourceNames ?? []).length === 0;
}

/** Verbs that the roles of an account grant on a resource. */
export function verbsOn(bound: readonly Bound[], { resource, group }: Request): readonly string[] {
  const verbs = bound.flatMap(({ rules = [] }) =>
    rules
      .filter((r) => allows({ ...r, verbs: ['*'] }, { verb: '*', resource, group, account: '', accountNamespace: '' }))
      .flatMap((r) => r.verbs),
  );
  return [...new Set(verbs)];
}
