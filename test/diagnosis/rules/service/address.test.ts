import { describe, expect, it } from 'vitest';
import {
  allocationError,
  ipFamilyMismatch,
  loadBalancerFailed,
  loadBalancerPending,
  localPolicyNoEndpoints,
} from '../../../../src/diagnosis/rules/service/address.ts';
import { mixedWorkloads } from '../../../../src/diagnosis/rules/service/mixed.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const balanced = (fields: Fields = {}) =>
  object('Service', 'web', { 'spec.type': 'LoadBalancer', 'status.loadBalancer': {}, ...fields });

describe('service/lb-pending', () => {
  it('says since when there is no address and that no controller is seen', () => {
    const [finding] = check(loadBalancerPending, [balanced({ 'metadata.creationTimestamp': 'now-20m' })]);
    expect(finding?.title).toBe('Service web (LoadBalancer) has had no address for 20m');
    expect(finding?.cause).toContain('none is seen in the cluster');
  });

  it.each([
    ['it has an address', { 'status.loadBalancer.ingress': [{ ip: '192.0.2.1' }] }],
    ['it is young', { 'metadata.creationTimestamp': 'now-4m' }],
    ['its class has a controller of its own', { 'spec.loadBalancerClass': 'example.com/lb' }],
    ['it wants none', { 'spec.type': 'NodePort' }],
  ])('is silent when %s', (_, fields) => {
    expect(check(loadBalancerPending, [balanced(fields)])).toEqual([]);
  });

  it('leaves a failure that was reported to the rule that quotes it', () => {
    const service = balanced();
    const event = eventOn(service, 'SyncLoadBalancerFailed', 'Error syncing load balancer: quota exceeded');
    expect(check(loadBalancerPending, [service, event])).toEqual([]);
    expect(check(loadBalancerFailed, [service, event])[0]?.title).toBe(
      'Load balancer of Service web failed: Error syncing load balancer: quota exceeded',
    );
  });
});

describe('service/lb-failed', () => {
  it('is over when the load balancer was made afterwards', () => {
    const service = balanced();
    const failed = eventOn(service, 'SyncLoadBalancerFailed', 'no subnet', { lastTimestamp: 'now-10m' });
    const made = eventOn(service, 'EnsuredLoadBalancer', 'Ensured load balancer', { type: 'Normal' });
    expect(check(loadBalancerFailed, [service, failed, made])).toEqual([]);
  });
});

describe('service/allocation-error', () => {
  it('quotes the event, unless the repair loop tells what it has put right', () => {
    const service = object('Service', 'web');
    const event = (message: string) => eventOn(service, 'ClusterIPAlreadyAllocated', message);
    expect(
      check(allocationError, [service, event('Cluster IP 10.96.0.20 was assigned to multiple services')]),
    ).toHaveLength(1);
    expect(check(allocationError, [service, event('Cluster IP 10.96.0.20 is not allocated; repairing')])).toEqual([]);
  });
});

describe('service/ip-family-mismatch', () => {
  const service = (fields: Fields) => object('Service', 'web', fields);
  const web = pod('web-1', { 'metadata.labels.app': 'web', 'status.podIPs': [{ ip: '10.1.0.9' }] });

  it('reports a family that no pod has', () => {
    const [finding] = check(ipFamilyMismatch, [service({ 'spec.ipFamilies': ['IPv6'] }), web]);
    expect(finding?.title).toBe('Service web asks for IPv6, its pods have IPv4');
  });

  it('is silent when the Service takes what there is', () => {
    const fields = { 'spec.ipFamilies': ['IPv4', 'IPv6'], 'spec.ipFamilyPolicy': 'PreferDualStack' };
    expect(check(ipFamilyMismatch, [service(fields), web])).toEqual([]);
  });
});

describe('service/local-policy-no-endpoints', () => {
  const slice = object('EndpointSlice', 'web', {
    endpoints: [{ addresses: ['10.1.0.9'], nodeName: 'a', conditions: { ready: true } }],
  });
  const nodes = [object('Node', 'a'), object('Node', 'b')];
  const local = (type: string) =>
    object('Service', 'web', { 'spec.type': type, 'spec.externalTrafficPolicy': 'Local' });

  it('is a hint for a node port, and nothing for a load balancer, which asks each node', () => {
    const [finding] = check(localPolicyNoEndpoints, [local('NodePort'), slice, ...nodes]);
    expect(finding?.title).toBe('Service web drops traffic on 1 node (externalTrafficPolicy: Local)');
    expect(check(localPolicyNoEndpoints, [local('LoadBalancer'), slice, ...nodes])).toEqual([]);
  });
});

describe('service/mixed-workloads', () => {
  const ready = (app: string, port: number) => {
    const deployment = object('Deployment', app);
    const replicaSet = owned(object('ReplicaSet', `${app}-5f`), deployment);
    const labels = { app, tier: 'back' };
    const one = pod(`${app}-5f-1`, {
      'metadata.labels': labels,
      'spec.containers[web].ports': [{ containerPort: port }],
    });
    return [deployment, replicaSet, owned(one, replicaSet)];
  };
  const service = (fields: Fields = {}) =>
    object('Service', 'orders', { 'spec.selector': { tier: 'back' }, ...fields });

  it('is certain when one of the applications does not serve the port', () => {
    const [finding] = check(mixedWorkloads, [service(), ...ready('orders', 8080), ...ready('mailer', 25)]);
    expect(finding).toMatchObject({ confidence: 'certain', causeKey: 'mailer,orders' });
    expect(finding?.fix).toMatchObject({ value: { tier: 'back', app: 'orders' } });
  });

  it('takes a canary for the same application, and leaves headless Services alone', () => {
    const pair = [...ready('orders', 8080), ...ready('orders-canary', 8080)];
    expect(check(mixedWorkloads, [service(), ...pair])).toEqual([]);
    const mixed = [...ready('orders', 8080), ...ready('mailer', 25)];
    expect(check(mixedWorkloads, [service({ 'spec.clusterIP': 'None' }), ...mixed])).toEqual([]);
  });
});
