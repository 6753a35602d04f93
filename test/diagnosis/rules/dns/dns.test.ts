import { describe, expect, it } from 'vitest';
import { nameNotFound, resolutionTimeout } from '../../../../src/diagnosis/rules/dns/lookups.ts';
import { corednsDown, corefileBroken } from '../../../../src/diagnosis/rules/dns/server.ts';
import { check, logOf, object, owned, pod, type Fields } from '../../../support/fixtures.ts';
import { checkLog, crashing } from '../../../support/failing.ts';

const inSystem = { 'metadata.namespace': 'kube-system', 'metadata.labels': { 'k8s-app': 'kube-dns' } };
const coredns = (ready: boolean, name: string, fields: Fields = {}) =>
  pod(name, {
    ...inSystem,
    'status.conditions[Ready].status': ready ? 'True' : 'False',
    'status.conditions[Ready].lastTransitionTime': 'now-5m',
    ...fields,
  });
const dnsService = object('Service', 'kube-dns', {
  'metadata.namespace': 'kube-system',
  'spec.clusterIP': '10.96.0.10',
});

function deployed(...pods: ReturnType<typeof coredns>[]) {
  const deployment = object('Deployment', 'coredns', {
    'metadata.namespace': 'kube-system',
    'spec.replicas': pods.length,
  });
  const replicaSet = owned(object('ReplicaSet', 'coredns-5f', { 'metadata.namespace': 'kube-system' }), deployment);
  return [deployment, replicaSet, dnsService, ...pods.map((p) => owned(p, replicaSet))];
}

describe('dns/coredns-down', () => {
  it('is critical when no DNS pod is Ready, and names the Service that suffers', () => {
    const [finding] = check(corednsDown, deployed(coredns(false, 'coredns-1'), coredns(false, 'coredns-2')));
    expect(finding).toMatchObject({
      severity: 'critical',
      title: 'Cluster DNS is down: 0 of 2 DNS pods are Ready',
      subject: { kind: 'Deployment', name: 'coredns' },
      affects: [{ kind: 'Service', namespace: 'kube-system', name: 'kube-dns' }],
    });
  });

  it('is a warning while others answer', () => {
    const [finding] = check(corednsDown, deployed(coredns(false, 'coredns-1'), coredns(true, 'coredns-2')));
    expect(finding).toMatchObject({ severity: 'warning', title: 'Cluster DNS is degraded: 1 of 2 DNS pods are Ready' });
  });

  it('is silent about a pod that just started, and about DNS that runs elsewhere', () => {
    const young = { 'status.conditions[Ready].lastTransitionTime': 'now-5s' };
    expect(check(corednsDown, deployed(coredns(false, 'coredns-1', young), coredns(true, 'coredns-2')))).toEqual([]);
    const slice = object('EndpointSlice', 'kube-dns', {
      'metadata.namespace': 'kube-system',
      endpoints: [{ addresses: ['10.244.0.1'], conditions: { ready: true } }],
    });
    expect(check(corednsDown, [dnsService, slice])).toEqual([]);
    expect(check(corednsDown, [])).toEqual([]);
  });
});

describe('dns/corefile-broken', () => {
  const log =
    '[FATAL] plugin/loop: Loop (127.0.0.1:55953 -> :53) detected for zone ".", see https://coredns.io/plugins/loop#troubleshooting.';

  it('explains the loop that CoreDNS reports about itself', () => {
    const dns = crashing('coredns-1', inSystem);
    const [finding] = check(corefileBroken, [dns], { logs: [logOf(dns, 'app', log)] });
    expect(finding?.title).toContain('CoreDNS cannot run its configuration: Loop (127.0.0.1:55953 -> :53) detected');
    expect(finding?.causedBy).toEqual([{ kind: 'ConfigMap', namespace: 'kube-system', name: 'coredns' }]);
  });

  it('is silent about another program that prints the same words', () => {
    expect(checkLog(corefileBroken, log)).toEqual([]);
  });
});

describe('dns/name-not-found', () => {
  it('is certain that a Service does not exist, and names the nearest', () => {
    const [finding] = checkLog(nameNotFound, 'Error: getaddrinfo ENOTFOUND order', {
      beside: [object('Service', 'orders')],
    });
    expect(finding).toMatchObject({
      title: 'web-1 looks up order, a Service that does not exist in shop',
      confidence: 'certain',
      causeKey: 'order',
    });
    expect(finding?.cause).toContain('The nearest name is orders.');
    expect(finding?.evidence.map((e) => e.value)).toEqual([
      'Error: getaddrinfo ENOTFOUND order',
      'not found',
      'orders',
    ]);
  });

  it('names the namespace that has one of that name', () => {
    const elsewhere = object('Service', 'db', { 'metadata.namespace': 'data' });
    const [finding] = checkLog(nameNotFound, 'dial tcp: lookup db on 10.96.0.10:53: no such host', {
      beside: [elsewhere],
    });
    expect(finding?.cause).toContain('from here it is called db.data');
    expect(finding?.remediation[1]?.text).toContain('db.data');
  });

  it('reads the name as it was written, without the search list', () => {
    const [finding] = checkLog(
      nameNotFound,
      "** server can't find order.shop.svc.cluster.local: NXDOMAIN\n** server can't find order.cluster.local: NXDOMAIN",
    );
    expect(finding?.causeKey).toBe('order');
  });

  it('names the variable that holds the host, never its value', () => {
    const fields = { 'spec.containers[app].env': [{ name: 'ORDERS_URL', value: 'http://order:8080' }] };
    const [finding] = checkLog(nameNotFound, 'Error: getaddrinfo ENOTFOUND order', { fields });
    expect(finding?.cause).toContain('The name comes from variable ORDERS_URL.');
    expect(finding?.evidence.at(-1)?.value).toBe('ORDERS_URL');
  });

  it('suspects the DNS settings of the pod when the Service exists', () => {
    const [finding] = checkLog(nameNotFound, 'Error: getaddrinfo ENOTFOUND orders', {
      beside: [object('Service', 'orders')],
    });
    expect(finding?.title).toBe('web-1 looks up orders, and cluster DNS does not find it');
    expect(finding?.confidence).toBeUndefined();
  });

  it('only supposes a spelling error outside of the cluster', () => {
    const [finding] = checkLog(nameNotFound, 'Error: getaddrinfo ENOTFOUND api.exmaple.com');
    expect(finding).toMatchObject({ title: 'web-1 looks up api.exmaple.com, which does not exist' });
    expect(finding?.confidence).toBeUndefined();
  });

  it('is silent once the Service was made after the last try, or the program got on', () => {
    const made = object('Service', 'order', { 'metadata.creationTimestamp': 'now-30s' });
    expect(checkLog(nameNotFound, 'Error: getaddrinfo ENOTFOUND order', { beside: [made] })).toEqual([]);
    expect(checkLog(nameNotFound, 'Error: getaddrinfo ENOTFOUND order\nlistening on :8080')).toEqual([]);
  });

  it('does not call a Service missing where Services could not be read', () => {
    const web = crashing('web-1');
    const [finding] = check(nameNotFound, [web], {
      logs: [logOf(web, 'app', 'Error: getaddrinfo ENOTFOUND order')],
      unread: ['Service'],
    });
    expect(finding?.title).toBe('web-1 looks up order, which does not exist');
    expect(finding?.evidence).toHaveLength(1);
  });
});

describe('dns/resolution-timeout', () => {
  it('points at DNS and at the policies of the namespace', () => {
    const policy = object('NetworkPolicy', 'closed');
    const [finding] = checkLog(resolutionTimeout, 'Error: getaddrinfo EAI_AGAIN db', {
      beside: [policy, ...deployed(coredns(false, 'coredns-1'))],
    });
    expect(finding?.title).toBe('web-1 gets no answer from cluster DNS');
    expect(finding?.causedBy?.map((r) => r.kind)).toEqual(
      expect.arrayContaining(['NetworkPolicy', 'Deployment', 'Pod']),
    );
  });

  it('is not the answer that a name does not exist', () => {
    expect(checkLog(resolutionTimeout, 'dial tcp: lookup db on 10.96.0.10:53: no such host')).toEqual([]);
  });
});
