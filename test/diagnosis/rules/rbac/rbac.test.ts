import { describe, expect, it } from 'vitest';
import { serviceAccountMissing } from '../../../../src/diagnosis/rules/rbac/accounts.ts';
import { danglingBinding, notSeen, wildcardGrant } from '../../../../src/diagnosis/rules/rbac/bindings.ts';
import { appForbidden, controllerForbidden } from '../../../../src/diagnosis/rules/rbac/forbidden.ts';
import { check, eventOn, logOf, object, owned, pod } from '../../../support/fixtures.ts';
import { checkLog, crashing } from '../../../support/failing.ts';

const clusterScoped = { 'metadata.namespace': undefined };
const bound = (kind: 'Role' | 'ClusterRole', role: string, account = 'worker') => ({
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role },
  subjects: [{ kind: 'ServiceAccount', name: account, namespace: 'shop' }],
});

describe('rbac/serviceaccount-missing', () => {
  const template = { 'spec.template.spec.serviceAccountName': 'runer' };
  const message =
    'Error creating: pods "web-5f-" is forbidden: error looking up service account shop/runer: serviceaccount "runer" not found';

  it('names the account and offers the nearest as a typed fix on the workload', () => {
    const deployment = object('Deployment', 'web', template);
    const replicaSet = owned(object('ReplicaSet', 'web-5f', template), deployment);
    const [finding] = check(serviceAccountMissing, [
      deployment,
      replicaSet,
      object('ServiceAccount', 'runner'),
      eventOn(replicaSet, 'FailedCreate', message),
    ]);
    expect(finding).toMatchObject({
      title: 'web runs as ServiceAccount runer, which does not exist in shop',
      fix: {
        verb: 'set-reference',
        target: { kind: 'Deployment', name: 'web' },
        path: '.spec.template.spec.serviceAccountName',
        value: 'runner',
      },
    });
    expect(finding?.evidence.map((e) => e.value)).toEqual([message, 'runer', 'not found']);
  });

  it('is silent once a pod was made after the event, and when the account exists', () => {
    const replicaSet = object('ReplicaSet', 'web-5f', template);
    const later = owned(pod('web-5f-1', { 'metadata.creationTimestamp': 'now-30s' }), replicaSet);
    const event = eventOn(replicaSet, 'FailedCreate', message);
    expect(check(serviceAccountMissing, [replicaSet, later, event])).toEqual([]);
    expect(check(serviceAccountMissing, [replicaSet, object('ServiceAccount', 'runer'), event])).toEqual([]);
  });

  it('does not call an account missing that could not be read', () => {
    expect(
      check(serviceAccountMissing, [object('ReplicaSet', 'web-5f', template)], { unread: ['ServiceAccount'] }),
    ).toEqual([]);
  });
});

describe('rbac/app-forbidden', () => {
  const line = (account = 'worker') =>
    `deployments.apps "web" is forbidden: User "system:serviceaccount:shop:${account}" cannot patch resource "deployments" in API group "apps" in the namespace "shop"`;
  const fields = { 'spec.serviceAccountName': 'worker' };
  const role = (verbs: string[]) =>
    object('Role', 'deployer', { rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs }] });
  const binding = object('RoleBinding', 'deploys', bound('Role', 'deployer'));

  it('names verb and resource, what is granted instead, and the commands that grant it', () => {
    const [finding] = checkLog(appForbidden, line(), { fields, beside: [role(['get', 'list']), binding] });
    expect(finding).toMatchObject({
      title: 'web-1 may not patch deployments.apps: account worker lacks the permission',
      confidence: 'certain',
    });
    expect(finding?.cause).toContain('Its roles grant get and list on it.');
    expect(finding?.evidence[1]).toMatchObject({
      value: 'no',
      command: 'kubectl auth can-i patch deployments.apps -n shop --as=system:serviceaccount:shop:worker',
    });
    expect(finding?.remediation.slice(0, 2).map((s) => s.command)).toEqual([
      'kubectl create role worker-patch-deployments --verb=patch --resource=deployments.apps -n shop',
      'kubectl create rolebinding worker-patch-deployments --role=worker-patch-deployments --serviceaccount=shop:worker -n shop',
    ]);
  });

  it('asks for a ClusterRole where the refusal was at the cluster scope', () => {
    const nodes =
      'nodes is forbidden: User "system:serviceaccount:shop:worker" cannot list resource "nodes" in API group "" at the cluster scope';
    expect(checkLog(appForbidden, nodes, { fields })[0]?.remediation[0].command).toBe(
      'kubectl create clusterrole worker-list-nodes --verb=list --resource=nodes',
    );
  });

  it('reads the message escaped inside a structured line', () => {
    expect(
      checkLog(appForbidden, `level=error err="${line().replaceAll('"', String.raw`\"`)}"`, { fields }),
    ).toHaveLength(1);
  });

  it('is silent when a role grants it by now, by name, wildcard, or group of accounts', () => {
    expect(checkLog(appForbidden, line(), { fields, beside: [role(['patch']), binding] })).toEqual([]);
    expect(checkLog(appForbidden, line(), { fields, beside: [role(['*']), binding] })).toEqual([]);
    const all = object('ClusterRoleBinding', 'all', {
      ...clusterScoped,
      ...bound('ClusterRole', 'admin'),
      subjects: [{ kind: 'Group', name: 'system:serviceaccounts:shop' }],
    });
    const admin = object('ClusterRole', 'admin', {
      ...clusterScoped,
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
    });
    expect(checkLog(appForbidden, line(), { fields, beside: [all, admin] })).toEqual([]);
  });

  it('is silent about a line that speaks of another identity', () => {
    expect(checkLog(appForbidden, line('other'), { fields })).toEqual([]);
  });

  it('only supposes it where RBAC could not be read', () => {
    const web = crashing('web-1', fields);
    const [finding] = check(appForbidden, [web], {
      logs: [logOf(web, 'app', line())],
      unread: ['RoleBinding', 'ClusterRoleBinding'],
    });
    expect(finding?.confidence).toBe('likely');
    expect(finding?.evidence).toHaveLength(1);
  });
});

describe('rbac/controller-forbidden', () => {
  const refused = (account: string) =>
    `failed to provision volume: persistentvolumes is forbidden: User "system:serviceaccount:storage:${account}" cannot create resource "persistentvolumes" in API group "" at the cluster scope`;

  it('gathers what one controller cannot do, and on which objects', () => {
    const claims = ['a', 'b'].map((name) => object('PersistentVolumeClaim', name, { 'status.phase': 'Pending' }));
    const events = claims.map((c) => eventOn(c, 'ProvisioningFailed', refused('csi')));
    const findings = check(controllerForbidden, [...claims, ...events]);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      title: 'Controller csi is refused by RBAC: may not create persistentvolumes',
      subject: { kind: 'ServiceAccount', namespace: 'storage', name: 'csi' },
    });
    expect(findings[0]?.affects).toHaveLength(2);
  });

  it('is silent about quota and admission, which also forbid, and once it is granted', () => {
    const claim = object('PersistentVolumeClaim', 'a');
    expect(
      check(controllerForbidden, [claim, eventOn(claim, 'FailedCreate', 'pods "x" is forbidden: exceeded quota: q')]),
    ).toEqual([]);
    const role = object('ClusterRole', 'csi', {
      ...clusterScoped,
      rules: [{ apiGroups: [''], resources: ['persistentvolumes'], verbs: ['create'] }],
    });
    const grant = object('ClusterRoleBinding', 'csi', {
      ...clusterScoped,
      roleRef: { kind: 'ClusterRole', name: 'csi' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'storage', name: 'csi' }],
    });
    expect(
      check(controllerForbidden, [claim, role, grant, eventOn(claim, 'ProvisioningFailed', refused('csi'))]),
    ).toEqual([]);
  });
});

describe('rbac/dangling-binding', () => {
  it('names a role and an account that do not exist', () => {
    const findings = check(danglingBinding, [object('RoleBinding', 'reads', bound('Role', 'pod-reader'))]);
    expect(findings.map((f) => f.title)).toEqual([
      'RoleBinding reads points to missing Role pod-reader',
      'RoleBinding reads points to missing ServiceAccount worker',
    ]);
    expect(findings[0]?.severity).toBe('info');
  });

  it('is a warning when a running pod relies on the account', () => {
    const [finding] = check(danglingBinding, [
      object('RoleBinding', 'reads', bound('Role', 'pod-reader')),
      object('ServiceAccount', 'worker'),
      pod('web-1', { 'spec.serviceAccountName': 'worker' }),
    ]);
    expect(finding?.severity).toBe('warning');
  });

  it('is silent about defaults of the API server and where roles could not be read', () => {
    const own = object('ClusterRoleBinding', 'system:controller:x', {
      ...clusterScoped,
      ...bound('ClusterRole', 'system:controller:x'),
    });
    expect(check(danglingBinding, [own])).toEqual([]);
    const binding = object('RoleBinding', 'reads', bound('Role', 'pod-reader'));
    expect(check(danglingBinding, [binding], { unread: ['Role', 'ServiceAccount'] })).toEqual([]);
  });
});

describe('rbac/wildcard-grant', () => {
  it('names an account with every permission and who runs with it', () => {
    const binding = object('ClusterRoleBinding', 'all', { ...clusterScoped, ...bound('ClusterRole', 'cluster-admin') });
    const [finding] = check(wildcardGrant, [binding, pod('web-1', { 'spec.serviceAccountName': 'worker' })]);
    expect(finding?.title).toBe('ServiceAccount worker holds every permission by cluster-admin');
    expect(finding?.cause).toBe('Who takes over a pod of web-1 controls the cluster.');
  });

  it('is silent about wide roles that are not everything', () => {
    const role = object('Role', 'wide', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['*'] }] });
    expect(check(wildcardGrant, [object('RoleBinding', 'wide', bound('Role', 'wide')), role])).toEqual([]);
  });
});

describe('rbac/not-seen', () => {
  it('lists what was refused, with the command that shows it', () => {
    const [finding] = check(notSeen, [], { unread: ['Node'] });
    expect(finding?.title).toBe('Not checked: you may not read Node');
    expect(finding?.evidence[0]).toMatchObject({
      value: 'no',
      command: 'kubectl auth can-i list nodes --all-namespaces',
    });
  });

  it('is silent about what is not installed', () => {
    expect(check(notSeen, [], { unseen: [{ what: 'podmetrics', reason: 'absent', detail: 'not installed' }] })).toEqual(
      [],
    );
  });
});
