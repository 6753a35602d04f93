import { describe, expect, it } from 'vitest';
import {
  policyBlocksClient,
  policyBlocksDns,
  policyBlocksEgress,
} from '../../../../src/diagnosis/rules/network/blocks.ts';
import { inRange } from '../../../../src/diagnosis/rules/network/policies.ts';
import { policyPortMismatch, policySelectsNothing } from '../../../../src/diagnosis/rules/network/selectors.ts';
import { check, logOf, object, pod } from '../../../support/fixtures.ts';
import { crashing } from '../../../support/failing.ts';

const dns = pod('coredns-1', { 'metadata.namespace': 'kube-system', 'metadata.labels': { 'k8s-app': 'kube-dns' } });
const system = object('Namespace', 'kube-system', {});
const shop = object('Namespace', 'shop', { 'metadata.labels.team': 'shop' });
const web = pod('web-1', { 'metadata.labels.app': 'web' });
const failing = crashing('web-1', { 'metadata.labels.app': 'web' });
const timeout = logOf(failing, 'app', 'dial tcp: lookup api on 10.96.0.10:53: i/o timeout');
const egress = (...rules: unknown[]) =>
  object('NetworkPolicy', 'closed', {
    'spec.podSelector.matchLabels.app': 'web',
    'spec.policyTypes': ['Egress'],
    'spec.egress': rules,
  });
const port = (n: number, protocol = 'TCP') => ({ protocol, port: n });

describe('network/policy-blocks-dns', () => {
  it('is critical when a pod that the policy selects shows failing lookups', () => {
    const [finding] = check(policyBlocksDns, [dns, system, shop, failing, egress({ ports: [port(443)] })], {
      logs: [timeout],
    });
    expect(finding).toMatchObject({
      title: 'Egress policy closed cuts web-1 off from cluster DNS',
      severity: 'critical',
      subject: { kind: 'NetworkPolicy', name: 'closed' },
    });
    expect(finding?.affects).toEqual(expect.arrayContaining([expect.objectContaining({ kind: 'Pod', name: 'web-1' })]));
  });

  it('is a fact where all pods are well without names', () => {
    expect(check(policyBlocksDns, [dns, web, egress()])[0]?.severity).toBe('info');
  });

  it('takes the union of the policies', () => {
    const second = object('NetworkPolicy', 'dns', {
      'spec.podSelector': {},
      'spec.policyTypes': ['Egress'],
      'spec.egress': [{ ports: [port(53, 'UDP')] }],
    });
    expect(check(policyBlocksDns, [dns, web, egress({ ports: [port(443)] }), second])).toEqual([]);
  });

  it.each([
    ['any port', {}],
    ['a range of ports', { ports: [{ protocol: 'UDP', port: 50, endPort: 60 }] }],
    ['a named port', { ports: [{ protocol: 'UDP', port: 'dns' }] }],
    [
      'the DNS pods',
      { ports: [port(53)], to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }] },
    ],
    ['the range of their addresses', { ports: [port(53)], to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
  ])('is silent when a rule allows %s', (_, rule) => {
    expect(check(policyBlocksDns, [dns, system, web, egress(rule)])).toEqual([]);
  });

  it('judges by the port alone where the DNS pods were not read', () => {
    const peer = { to: [{ podSelector: { matchLabels: { app: 'api' } } }] };
    expect(check(policyBlocksDns, [web, egress({ ports: [port(443)], ...peer })])).toHaveLength(1);
    expect(check(policyBlocksDns, [web, egress({ ports: [port(53, 'UDP')], ...peer })])).toEqual([]);
  });

  it('sees that the allowed peers are not the DNS pods', () => {
    const rule = { ports: [port(53, 'UDP')], to: [{ podSelector: { matchLabels: { app: 'api' } } }] };
    expect(check(policyBlocksDns, [dns, system, web, egress(rule)])).toHaveLength(1);
  });

  it('is silent about ingress policies, pods on the host network and pods with DNS of their own', () => {
    const ingress = object('NetworkPolicy', 'in', { 'spec.podSelector': {}, 'spec.ingress': [] });
    expect(check(policyBlocksDns, [dns, web, ingress])).toEqual([]);
    const others = [{ 'spec.hostNetwork': true }, { 'spec.dnsPolicy': 'None' }].map((f, i) =>
      pod(`web-${i}`, { 'metadata.labels.app': 'web', ...f }),
    );
    expect(check(policyBlocksDns, [dns, ...others, egress()])).toEqual([]);
  });
});

const api = pod('api-1', {
  'metadata.labels.app': 'api',
  'spec.containers[web].ports': [{ containerPort: 8080, name: 'http' }],
});
const service = object('Service', 'api', {});
const log = logOf(failing, 'app', 'curl: (28) Failed to connect to api port 80 after 5001 ms: Connection timed out');
const ingress = (...rules: unknown[]) =>
  object('NetworkPolicy', 'guard', {
    'spec.podSelector.matchLabels.app': 'api',
    'spec.policyTypes': ['Ingress'],
    'spec.ingress': rules,
  });

describe('network/policy-blocks-client', () => {
  it('names the client that no rule admits, by its labels and the pod port', () => {
    const rule = { from: [{ podSelector: { matchLabels: { app: 'shop' } } }] };
    const [finding] = check(policyBlocksClient, [shop, api, service, failing, ingress(rule)], { logs: [log] });
    expect(finding?.title).toBe('NetworkPolicy guard does not let web-1 reach api:80');
    expect(finding?.cause).toContain('app=web');
    expect(finding?.cause).toContain('pod port 8080');
  });

  it('is silent without a client that gets no answer, and when a rule admits it', () => {
    expect(check(policyBlocksClient, [shop, api, service, failing, ingress()])).toEqual([]);
    const rules = [{ from: [{ namespaceSelector: { matchLabels: { team: 'shop' } } }], ports: [{ port: 'http' }] }];
    expect(check(policyBlocksClient, [shop, api, service, failing, ingress(...rules)], { logs: [log] })).toEqual([]);
  });

  it('does not admit a pod of another namespace by its labels alone', () => {
    const guarded = object('NetworkPolicy', 'guard', {
      'metadata.namespace': 'data',
      'spec.podSelector': {},
      'spec.ingress': [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
    });
    const target = pod('api-1', { 'metadata.namespace': 'data', 'metadata.labels.app': 'api' });
    const remote = object('Service', 'api', { 'metadata.namespace': 'data' });
    const far = logOf(failing, 'app', 'dial tcp: connect to api.data.svc:80: connection timed out: api.data.svc:80');
    expect(check(policyBlocksClient, [shop, target, remote, failing, guarded], { logs: [far] })).toHaveLength(1);
  });

  it('is silent about a connection that was refused: a dropped packet is not answered', () => {
    const refused = logOf(failing, 'app', 'connect ECONNREFUSED api:80');
    expect(check(policyBlocksClient, [shop, api, service, failing, ingress()], { logs: [refused] })).toEqual([]);
  });
});

describe('network/policy-blocks-egress', () => {
  it('names the target that is not among the allowed ones', () => {
    const [finding] = check(policyBlocksEgress, [shop, api, service, failing, egress({ ports: [port(53, 'UDP')] })], {
      logs: [log],
    });
    expect(finding?.title).toBe('Egress policy closed does not let web-1 reach api:80');
  });

  it('is silent when a rule allows the pods behind the Service, or the address', () => {
    const rule = { to: [{ podSelector: { matchLabels: { app: 'api' } } }], ports: [port(8080)] };
    expect(check(policyBlocksEgress, [shop, api, service, failing, egress(rule)], { logs: [log] })).toEqual([]);
    const outside = logOf(failing, 'app', 'dial tcp 192.0.2.7:443: i/o timeout');
    const range = { to: [{ ipBlock: { cidr: '192.0.2.0/24' } }] };
    expect(check(policyBlocksEgress, [failing, egress(range)], { logs: [outside] })).toEqual([]);
    expect(
      check(policyBlocksEgress, [failing, egress({ to: [{ ipBlock: { cidr: '198.51.100.0/24' } }] })], {
        logs: [outside],
      }),
    ).toHaveLength(1);
  });
});

describe('network/policy-port-mismatch', () => {
  it('sees a policy written for the port of the Service', () => {
    const [finding] = check(policyPortMismatch, [api, service, ingress({ ports: [port(80)] })]);
    expect(finding?.title).toBe('NetworkPolicy guard allows port 80; api uses pod port 8080');
    expect(finding?.evidence.map((e) => e.value)).toEqual(['80', '80', '8080']);
  });

  it('is silent when the pod port is allowed, also by name', () => {
    expect(check(policyPortMismatch, [api, service, ingress({ ports: [port(80), port(8080)] })])).toEqual([]);
    const named = object('Service', 'api', { 'spec.ports': [{ port: 80, targetPort: 'http' }] });
    expect(check(policyPortMismatch, [api, named, ingress({ ports: [{ port: 'http' }] })])).toEqual([]);
  });
});

describe('network/policy-selects-nothing', () => {
  it('names the labels that no pod and no template has', () => {
    const [finding] = check(policySelectsNothing, [web, ingress()]);
    expect(finding?.title).toBe('NetworkPolicy guard selects no pods: app=api');
  });

  it('names clients that do not exist', () => {
    const [finding] = check(policySelectsNothing, [
      api,
      ingress({ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }),
    ]);
    expect(finding?.title).toBe('NetworkPolicy guard names clients that do not exist: app=web');
  });

  it('is silent about templates without pods, empty selectors and a policy that was just made', () => {
    const scaled = object('Deployment', 'api', { 'spec.replicas': 0 });
    expect(check(policySelectsNothing, [scaled, ingress()])).toEqual([]);
    expect(check(policySelectsNothing, [object('NetworkPolicy', 'deny', { 'spec.podSelector': {} })])).toEqual([]);
    expect(
      check(policySelectsNothing, [
        object('NetworkPolicy', 'new', {
          'metadata.creationTimestamp': 'now-5s',
          'spec.podSelector.matchLabels.app': 'x',
        }),
      ]),
    ).toEqual([]);
  });
});

describe('ranges of addresses', () => {
  it.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['10.1.2.3', '0.0.0.0/0', true],
    ['10.1.2.3', '10.1.2.3/32', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['192.168.128.1', '192.168.0.0/17', false],
    ['2001:db8::1', '10.0.0.0/8', false],
  ])('%s in %s: %s', (ip, cidr, expected) => {
    expect(inRange(ip, cidr)).toBe(expected);
  });
});
