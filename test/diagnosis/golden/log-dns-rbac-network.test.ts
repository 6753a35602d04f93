import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../../src/diagnosis/index.ts';
import { dnsRules } from '../../../src/diagnosis/rules/dns/index.ts';
import { logRules } from '../../../src/diagnosis/rules/log/index.ts';
import { networkRules } from '../../../src/diagnosis/rules/network/index.ts';
import { rbacRules } from '../../../src/diagnosis/rules/rbac/index.ts';
import type { KubeObject } from '../../../src/domain/index.ts';
import { eventOn, logOf, object, owned, pod, viewOf, type ViewOptions } from '../../support/fixtures.ts';

const rules = [...logRules, ...dnsRules, ...rbacRules, ...networkRules];

function reported(objects: readonly KubeObject[], options: ViewOptions = {}): readonly string[] {
  const view = viewOf(objects, options);
  return rules.flatMap((rule) =>
    [...rule.check({ view, settings: defaultSettings, now: view.at })].map(
      (d) => `${d.severity ?? rule.severity} ${rule.id}`,
    ),
  );
}

describe('what looks faulty and is not: logs, DNS, permissions, network', () => {
  it('container/log-with-error-words: healthy container whose log contains the word error', () => {
    const web = pod('web-1', { 'status.containerStatuses[web].restartCount': 0 });
    const log =
      'level=info msg="processed 100 items, errors=0"\nlevel=warn msg="retrying after connection refused (1/5)"\nlevel=info msg="connected"';
    expect(reported([web], { logs: [logOf(web, 'web', log, false)] })).toEqual([]);
    const unready = pod('web-1', { 'status.containerStatuses[web].ready': false });
    expect(reported([unready], { logs: [logOf(unready, 'web', log, false)] })).toEqual([]);
  });

  it('container/sandbox-retry: one failed sandbox creation followed by a start', () => {
    const web = pod('web-1');
    expect(
      reported([web, eventOn(web, 'FailedCreatePodSandBox', 'plugin failed', { count: 1, lastTimestamp: 'now-6m' })]),
    ).toEqual([]);
  });

  it('workload/daemonset-rolling: DaemonSet update one node at a time', () => {
    const cni = object('DaemonSet', 'cni', {
      'metadata.labels.k8s-app': 'cilium',
      'status.desiredNumberScheduled': 50,
      'status.updatedNumberScheduled': 20,
      'status.numberReady': 49,
      'status.numberUnavailable': 1,
    });
    const newest = pod('cni-20', { 'status.conditions[Ready].lastTransitionTime': 'now-1m' });
    const next = pod('cni-21', {
      'status.conditions[Ready].status': 'False',
      'status.conditions[Ready].lastTransitionTime': 'now-20s',
    });
    expect(reported([cni, owned(newest, cni), owned(next, cni)])).toEqual([]);
  });

  it('workload/failed-create-old-news: FailedCreate events from before the missing account was made', () => {
    const job = object('Job', 'job-1', { 'spec.template.spec.serviceAccountName': 'runner' });
    const message =
      'Error creating: pods "job-1-" is forbidden: error looking up service account shop/runner: serviceaccount "runner" not found';
    const account = object('ServiceAccount', 'runner', { 'metadata.creationTimestamp': 'now-25m' });
    const event = eventOn(job, 'FailedCreate', message, { lastTimestamp: 'now-26m' });
    const made = owned(pod('job-1-x', { 'metadata.creationTimestamp': 'now-24m' }), job);
    expect(reported([job, account, event, made])).toEqual([]);
  });

  it('storage/small-claim: claim below 1 GiB', () => {
    expect(reported([object('PersistentVolumeClaim', 'conf', { 'spec.resources.requests.storage': '512Mi' })])).toEqual(
      [],
    );
  });

  it('config/default-service-account: default ServiceAccounts without token Secrets', () => {
    expect(reported([object('ServiceAccount', 'default'), pod('web-1')])).toEqual([]);
  });

  it('node/new: node in its first two minutes', () => {
    const node = object('Node', 'node-9', {
      'metadata.creationTimestamp': 'now-70s',
      'status.conditions[Ready].status': 'False',
      'status.conditions[Ready].message': 'container runtime network not ready: cni plugin not initialized',
      'status.conditions[Ready].lastTransitionTime': 'now-70s',
      'spec.taints': [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }],
    });
    expect(reported([node])).toEqual([]);
  });

  it('network/default-deny: default-deny policy', () => {
    const deny = object('NetworkPolicy', 'default-deny', { 'spec.podSelector': {}, 'spec.policyTypes': ['Ingress'] });
    const dns = pod('coredns-1', { 'metadata.namespace': 'kube-system', 'metadata.labels': { 'k8s-app': 'kube-dns' } });
    expect(reported([deny, dns, pod('web-1')])).toEqual([]);
  });

  it('network/deny-egress-with-dns: egress policy that allows DNS', () => {
    const egress = object('NetworkPolicy', 'egress', {
      'spec.podSelector': {},
      'spec.policyTypes': ['Egress'],
      'spec.egress': [
        {
          to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
        },
      ],
    });
    const system = object('Namespace', 'kube-system', {
      'metadata.labels': { 'kubernetes.io/metadata.name': 'kube-system' },
    });
    const dns = pod('coredns-1', { 'metadata.namespace': 'kube-system', 'metadata.labels': { 'k8s-app': 'kube-dns' } });
    expect(reported([egress, system, dns, pod('web-1')])).toEqual([]);
  });

  it('network/policy-for-cronjob: policy whose pods exist only while a CronJob runs', () => {
    const policy = object('NetworkPolicy', 'backup', { 'spec.podSelector.matchLabels.app': 'backup' });
    const job = object('CronJob', 'backup', {
      'spec.jobTemplate.spec.template.metadata.labels.app': 'backup',
      'status.active': [],
    });
    expect(reported([policy, job])).toEqual([]);
  });

  it('network/no-kube-proxy: cluster without kube-proxy', () => {
    const cilium = object('DaemonSet', 'cilium', {
      'metadata.namespace': 'kube-system',
      'status.numberReady': 3,
      'status.desiredNumberScheduled': 3,
    });
    expect(reported([cilium, object('ConfigMap', 'cilium-config', { 'metadata.namespace': 'kube-system' })])).toEqual(
      [],
    );
  });

  it('rbac/user-subjects: bindings of users and groups', () => {
    const binding = object('ClusterRoleBinding', 'admins', {
      'metadata.namespace': undefined,
      subjects: [{ kind: 'Group', name: 'platform-team' }],
      roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
    });
    expect(reported([binding, object('ClusterRole', 'cluster-admin', { 'metadata.namespace': undefined })])).toEqual(
      [],
    );
  });

  it('rbac/partial-permissions: identity that may read one namespace only', () => {
    expect(reported([pod('web-1')], { unread: ['Node'] })).toEqual(['info rbac/not-seen']);
  });

  it('cluster/healthy: healthy cluster', () => {
    const dns = pod('coredns-1', { 'metadata.namespace': 'kube-system', 'metadata.labels': { 'k8s-app': 'kube-dns' } });
    const done = pod('report-1', { 'status.phase': 'Succeeded' });
    expect(
      reported([
        object('Node', 'node-1'),
        object('Deployment', 'web'),
        pod('web-1'),
        dns,
        done,
        object('Service', 'web'),
      ]),
    ).toEqual([]);
  });
});
