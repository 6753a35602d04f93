import { describe, expect, it } from 'vitest';
import { cniAgentDown, kubeProxyDown } from '../../../../src/diagnosis/rules/network/agents.ts';
import { podDnsConfig } from '../../../../src/diagnosis/rules/network/dns-config.ts';
import { cniNotReady, ipExhausted, sandboxFailed } from '../../../../src/diagnosis/rules/network/sandbox.ts';
import { check, eventOn, logOf, object, owned, pod } from '../../../support/fixtures.ts';
import { crashing } from '../../../support/failing.ts';

const creating = (name: string, fields = {}) =>
  pod(name, {
    'status.phase': 'Pending',
    'status.podIP': undefined,
    'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating',
    ...fields,
  });
const text =
  'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "0123456789012345678901234567890123456789": plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file or directory';

describe('network/sandbox-failed', () => {
  it('names the node and the innermost words of the plugin', () => {
    const web = creating('web-1');
    const [finding] = check(sandboxFailed, [web, eventOn(web, 'FailedCreatePodSandBox', text, { count: 5 })]);
    expect(finding?.title).toContain('web-1 gets no network sandbox on node-1: ');
    expect(finding?.title).toContain('/var/lib/calico/nodename');
    expect(finding?.causeKey).not.toContain('0123456789');
  });

  it('is silent after a retry that succeeded, after one try, and about texts of other entries', () => {
    const runs = pod('web-1');
    expect(check(sandboxFailed, [runs, eventOn(runs, 'FailedCreatePodSandBox', text, { count: 1 })])).toEqual([]);
    const young = creating('web-1', { 'metadata.creationTimestamp': 'now-10s' });
    expect(check(sandboxFailed, [young, eventOn(young, 'FailedCreatePodSandBox', text, { count: 1 })])).toEqual([]);
    for (const other of [
      'failed to assign an IP address to container',
      'cni plugin not initialized',
      'no runtime for "kata" is configured',
    ]) {
      const web = creating('web-1');
      expect(check(sandboxFailed, [web, eventOn(web, 'FailedCreatePodSandBox', other, { count: 9 })]), other).toEqual(
        [],
      );
    }
  });
});

describe('network/ip-exhausted', () => {
  it('names the range of the node', () => {
    const web = creating('web-1');
    const node = object('Node', 'node-1', { 'spec.podCIDR': '10.244.0.0/28' });
    const [finding] = check(ipExhausted, [
      web,
      node,
      eventOn(
        web,
        'FailedCreatePodSandBox',
        'plugin type="host-local" failed (add): no IP addresses available in range set: 10.244.0.1-10.244.0.14',
      ),
    ]);
    expect(finding?.title).toBe('No pod IP address is left on node-1: no IP addresses available');
    expect(finding?.cause).toContain('10.244.0.0/28');
  });

  it('is another failure of the plugin', () => {
    const web = creating('web-1');
    expect(check(ipExhausted, [web, eventOn(web, 'FailedCreatePodSandBox', text, { count: 5 })])).toEqual([]);
  });
});

describe('network/cni-not-ready', () => {
  const notReady = (since: string, fields = {}) =>
    object('Node', 'node-1', {
      'status.conditions[Ready].status': 'False',
      'status.conditions[Ready].message':
        'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
      'status.conditions[Ready].lastTransitionTime': since,
      ...fields,
    });

  it('reads the message of the kubelet and points at the agent', () => {
    const agent = object('DaemonSet', 'kube-flannel-ds', { 'metadata.namespace': 'kube-flannel' });
    const [finding] = check(cniNotReady, [notReady('now-10m'), agent]);
    expect(finding?.title).toContain('Node node-1 has no working pod network: ');
    expect(finding?.causedBy?.[0]).toMatchObject({ kind: 'DaemonSet', name: 'kube-flannel-ds' });
  });

  it('is silent about a node in its first minutes', () => {
    expect(check(cniNotReady, [notReady('now-70s', { 'metadata.creationTimestamp': 'now-70s' })])).toEqual([]);
    expect(check(cniNotReady, [notReady('now-30s')])).toEqual([]);
  });

  it('believes the node that it is ready over an event of a pod', () => {
    const web = creating('web-1');
    const event = eventOn(web, 'NetworkNotReady', 'network is not ready: container runtime network not ready');
    expect(check(cniNotReady, [object('Node', 'node-1'), web, event])).toEqual([]);
  });
});

const set = (name: string, fields = {}) =>
  object('DaemonSet', name, {
    'metadata.namespace': 'kube-system',
    'status.desiredNumberScheduled': 3,
    'status.numberReady': 2,
    ...fields,
  });
const down = (since: string) =>
  pod('agent-1', {
    'metadata.namespace': 'kube-system',
    'status.conditions[Ready].status': 'False',
    'status.conditions[Ready].lastTransitionTime': since,
  });

describe('network/cni-agent-down and network/kube-proxy-down', () => {
  it.each([
    [cniAgentDown, 'calico-node', 'Network agent calico-node is not Ready on 1 node: node-1'],
    [kubeProxyDown, 'kube-proxy', 'Service routing agent kube-proxy is not Ready on 1 node: node-1'],
  ])('names the nodes', (rule, name, title) => {
    const agent = set(name);
    const [finding] = check(rule, [agent, owned(down('now-10m'), agent)]);
    expect(finding?.title).toBe(title);
    expect(finding?.cause).toContain('2 of 3 pods Ready');
    expect(finding?.affects).toEqual([{ kind: 'Node', name: 'node-1' }]);
  });

  it('is silent while an update moves on, and about other DaemonSets', () => {
    const agent = set('calico-node');
    expect(check(cniAgentDown, [agent, owned(down('now-60s'), agent)])).toEqual([]);
    const logger = set('fluent-bit');
    expect(check(cniAgentDown, [logger, owned(down('now-10m'), logger)])).toEqual([]);
    expect(check(kubeProxyDown, [agent, owned(down('now-10m'), agent)])).toEqual([]);
  });
});

describe('network/pod-dns-config', () => {
  it('explains a lookup that fails on the host network', () => {
    const agent = crashing('agent-1', { 'spec.hostNetwork': true, 'spec.dnsPolicy': 'ClusterFirst' });
    const [finding] = check(podDnsConfig, [agent], { logs: [logOf(agent, 'app', 'Error: getaddrinfo ENOTFOUND api')] });
    expect(finding).toMatchObject({
      severity: 'warning',
      title: 'agent-1: on the host network, dnsPolicy ClusterFirst finds no Service names',
    });
  });

  it('is silent about a pod on the host network that looks nothing up', () => {
    expect(
      check(podDnsConfig, [pod('agent-1', { 'spec.hostNetwork': true, 'spec.dnsPolicy': 'ClusterFirst' })]),
    ).toEqual([]);
  });

  it('repeats what the kubelet says about the search list, as a fact', () => {
    const web = pod('web-1');
    const [finding] = check(podDnsConfig, [
      web,
      eventOn(web, 'DNSConfigForming', 'Search Line limits were exceeded, some search paths have been omitted'),
    ]);
    expect(finding).toMatchObject({ severity: 'info' });
    expect(finding?.title).toContain('Search Line limits were exceeded');
  });
});
