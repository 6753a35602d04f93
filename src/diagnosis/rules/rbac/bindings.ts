import type { ClusterView } from '../../../cluster/index.ts';
import {
  count,
  groupBy,
  isKind,
  kindInfo,
  listed,
  ref,
  refKey,
  refOf,
  type ClusterRole,
  type ClusterRoleBinding,
  type Kind,
  type ObjectRef,
  type Role,
  type RoleBinding,
} from '../../../domain/index.ts';
import { absence, field, shown } from '../../evidence.ts';
import { livePods, type Draft, type Rule } from '../../rule.ts';
import { roleOf } from './grants.ts';

type Binding = RoleBinding | ClusterRoleBinding;

/** Bindings that people made; the API server's own defaults name accounts that need not exist. */
function* bindingsOf(view: ClusterView): Generator<Binding> {
  for (const kind of ['RoleBinding', 'ClusterRoleBinding'] as const)
    for (const binding of view.all(kind)) {
      const name = binding.metadata.name ?? '';
      const isDefault = binding.metadata.labels?.['kubernetes.io/bootstrapping'] !== undefined;
      if (!isDefault && !/^(?:system:|kubeadm:)/.test(name)) yield binding;
    }
}

/** ServiceAccount subjects of a binding, with their index. */
function accountsOf(binding: Binding): readonly { account: ObjectRef; index: number }[] {
  return (binding.subjects ?? []).flatMap((s, index) =>
    s.kind === 'ServiceAccount'
      ? [{ account: ref('ServiceAccount', s.namespace ?? binding.metadata.namespace, s.name), index }]
      : [],
  );
}

function accountsInUse(view: ClusterView): ReadonlyMap<string, readonly ObjectRef[]> {
  return groupByAccount(
    livePods(view).map(
      (pod) =>
        [
          refKey(ref('ServiceAccount', pod.metadata.namespace, pod.spec?.serviceAccountName ?? 'default')),
          view.workload(pod),
        ] as const,
    ),
  );
}

function groupByAccount(pairs: readonly (readonly [string, ObjectRef])[]): ReadonlyMap<string, readonly ObjectRef[]> {
  const groups = groupBy(pairs, ([key]) => key);
  return new Map(
    [...groups].map(([key, entries]) => [key, [...new Map(entries.map(([, w]) => [refKey(w), w])).values()]]),
  );
}

export const danglingBinding: Rule = {
  id: 'rbac/dangling-binding',
  severity: 'info',
  confidence: 'certain',
  needs: ['RoleBinding', 'ClusterRoleBinding', 'Role', 'ClusterRole', 'ServiceAccount'],
  *check({ view }): Generator<Draft> {
    let inUse: ReadonlyMap<string, readonly ObjectRef[]> | undefined;
    for (const binding of bindingsOf(view)) {
      const role = roleOf(binding);
      if (view.find(role.kind as Kind, role.namespace, role.name).state === 'absent') {
        inUse ??= accountsInUse(view);
        const used = inUse;
        const users = accountsOf(binding).flatMap(({ account }) => used.get(refKey(account)) ?? []);
        yield dangling(binding, role, 'roleRef.name', users);
      }
      for (const { account, index } of accountsOf(binding))
        if (view.find('ServiceAccount', account.namespace, account.name).state === 'absent')
          yield dangling(binding, account, `subjects[${index}].name`, []);
    }
  },
};

function dangling(binding: Binding, target: ObjectRef, path: string, users: readonly ObjectRef[]): Draft {
  const what = `${target.kind} ${target.name}`;
  const isRole = target.kind !== 'ServiceAccount';
  const subject = refOf(binding);
  return {
    subject,
    causeKey: refKey(target),
    severity: users.length > 0 ? 'warning' : 'info',
    title: `${binding.kind} ${subject.name} points to missing ${what}`,
    cause: isRole
      ? `${what} does not exist, so the binding grants nothing${users.length > 0 ? ` to ${listed(users.map((u) => u.name))}` : ''}.`
      : `${what} does not exist${target.namespace === undefined ? '' : ` in ${target.namespace}`}, so the binding grants it nothing.`,
    affects: users,
    evidence: [field(binding, `.${path}`), absence(target.kind as Kind, target.namespace, target.name)],
    remediation: [
      {
        text: `Create ${what}, or remove the binding when nothing needs it`,
        command: `kubectl get ${binding.kind.toLowerCase()} ${subject.name}${subject.namespace === undefined ? '' : ` -n ${subject.namespace}`} -o yaml`,
      },
    ],
  };
}

export const wildcardGrant: Rule = {
  id: 'rbac/wildcard-grant',
  severity: 'info',
  confidence: 'certain',
  needs: ['RoleBinding', 'ClusterRoleBinding', 'Role', 'ClusterRole'],
  *check({ view }): Generator<Draft> {
    let inUse: ReadonlyMap<string, readonly ObjectRef[]> | undefined;
    for (const binding of bindingsOf(view)) {
      const accounts = accountsOf(binding).filter(({ account }) => account.namespace !== 'kube-system');
      if (accounts.length === 0 || !grantsAll(view, binding)) continue;
      inUse ??= accountsInUse(view);
      const role = roleOf(binding);
      const scope =
        binding.kind === 'ClusterRoleBinding' ? 'the cluster' : `namespace ${binding.metadata.namespace ?? ''}`;
      for (const { account, index } of accounts) {
        const users = inUse.get(refKey(account)) ?? [];
        yield {
          subject: refOf(binding),
          causeKey: refKey(account),
          title: `ServiceAccount ${account.name} holds every permission by ${role.name}`,
          cause: `Who takes over ${users.length > 0 ? `a pod of ${listed(users.map((u) => u.name))}` : `a pod with account ${account.name}`} controls ${scope}.`,
          evidence: [field(binding, '.roleRef.name'), field(binding, `.subjects[${index}].name`)],
          remediation: [
            {
              text: 'Replace it with a role of the verbs in use',
              command: `kubectl get ${binding.kind.toLowerCase()} ${binding.metadata.name ?? ''}${binding.metadata.namespace === undefined ? '' : ` -n ${binding.metadata.namespace}`} -o yaml`,
            },
          ],
        };
      }
    }
  },
};

function grantsAll(view: ClusterView, binding: Binding): boolean {
  const role = roleOf(binding);
  if (role.kind === 'ClusterRole' && role.name === 'cluster-admin') return true;
  const rules = (view.resolve(role) as Role | ClusterRole | undefined)?.rules ?? [];
  return rules.some(
    (r) => r.verbs.includes('*') && r.resources?.includes('*') === true && r.apiGroups?.includes('*') === true,
  );
}

/** Reads that the API server refused: what they would have shown is not known. */
export const notSeen: Rule = {
  id: 'rbac/not-seen',
  severity: 'info',
  confidence: 'certain',
  needs: [],
  *check({ view }): Generator<Draft> {
    const refused = view.unseen.filter((u) => u.reason === 'forbidden');
    for (const [namespace, reads] of groupBy(refused, (u) => u.namespace)) {
      const [first] = reads;
      if (!first) continue;
      const whats = [...new Set(reads.map((u) => u.what))];
      const scope = namespace === undefined ? '' : ` -n ${namespace}`;
      yield {
        subject:
          namespace === undefined
            ? ref('Cluster', undefined, view.identity.name)
            : ref('Namespace', undefined, namespace),
        causeKey: 'reads',
        title: `Not checked: you may not read ${listed(whats)}`,
        cause: `The API server refused ${count(reads.length, 'read')}: ${listed(whats, 6)}. What depends on them is neither healthy nor faulty here.`,
        evidence: [
          shown(
            first.kind === undefined ? ref('Namespace', undefined, namespace ?? '') : ref(first.kind, namespace, ''),
            first.what,
            'no',
            `kubectl auth can-i list ${resourceOf(first.kind)}${scope === '' ? ' --all-namespaces' : scope}`,
          ),
        ],
        remediation: [
          {
            text: 'See what the current identity may do; grant it the read-only role',
            command: `kubectl auth can-i --list${scope}`,
          },
        ],
      };
    }
  },
};

function resourceOf(kind: string | undefined): string {
  return kind !== undefined && isKind(kind) ? kindInfo(kind).resource : 'pods';
}
