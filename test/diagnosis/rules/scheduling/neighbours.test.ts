import { describe, expect, it } from 'vitest';
import { hostPortConflict } from '../../../../src/diagnosis/rules/scheduling/host-ports.ts';
import { antiAffinity, podAffinity, topologySpread } from '../../../../src/diagnosis/rules/scheduling/neighbours.ts';
import { check, object, owned, pod, type Fields } from '../../../support/fixtures.ts';
import { bad, node, pending } from './pods.ts';

const HOST = 'kubernetes.io/hostname';
const term = (app: string, topologyKey = HOST) => [{ topologyKey, labelSelector: { matchLabels: { app } } }];
const beside = (app: string): Fields => ({
  'spec.affinity': { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: term(app) } },
});
const apart = (app: string): Fields => ({
  'metadata.labels.app': app,
  'spec.affinity': { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: term(app) } },
});

describe('scheduling/pod-affinity', () => {
  const message = bad(1, "node(s) didn't match pod affinity rules");

  it('names the pods that are nowhere', () => {
    const [finding] = check(podAffinity, [node('a'), pending('web-1', message, beside('redis'))]);
    expect(finding?.title).toBe('web-1 must run beside pods app=redis, but no node has one');
    expect(finding?.evidence.at(-1)?.command).toBe('kubectl get pods -n shop -l app=redis -o wide');
  });

  it('says where they are when there is no place beside them', () => {
    const redis = pod('redis-1', { 'metadata.labels.app': 'redis', 'spec.nodeName': 'a' });
    const [finding] = check(podAffinity, [node('a'), redis, pending('web-1', message, beside('redis'))]);
    expect(finding?.title).toContain('where there is no place for it');
    expect(finding?.cause).toContain('(a)');
  });

  it('is silent about anti-affinity', () => {
    const web = pending('web-1', bad(1, "node(s) didn't match pod anti-affinity rules"), beside('redis'));
    expect(check(podAffinity, [node('a'), web])).toEqual([]);
  });
});

describe('scheduling/anti-affinity', () => {
  const message = bad(2, "node(s) didn't match pod anti-affinity rules");
  const deployment = (replicas: number) => object('Deployment', 'queue', { 'spec.replicas': replicas });
  const world = (replicas: number) => {
    const top = deployment(replicas);
    const rs = owned(object('ReplicaSet', 'queue-5f'), top);
    const on = (name: string, where: string) => owned(pod(name, { ...apart('queue'), 'spec.nodeName': where }), rs);
    const next = owned(pending('queue-3', message, apart('queue')), rs);
    return [top, rs, node('a'), node('b'), on('queue-1', 'a'), on('queue-2', 'b'), next];
  };

  it('compares replicas with the places there are', () => {
    const [finding] = check(antiAffinity, world(3));
    expect(finding?.title).toBe(`queue: 3 replicas need one ${HOST} each, only 2 exist`);
  });

  it('tells that a rolling update needs one place more', () => {
    const [finding] = check(antiAffinity, world(2));
    expect(finding?.cause).toContain('A rolling update needs one more place');
  });

  it('says when the rule stands on other pods', () => {
    const web = pending('web-1', bad(1, "node(s) didn't satisfy existing pods anti-affinity rules"));
    expect(check(antiAffinity, [node('a'), web])[0]?.causeKey).toBe('existing');
  });

  it('is silent about room', () => {
    expect(check(antiAffinity, [node('a'), pending('queue-3', bad(1, 'Insufficient cpu'), apart('queue'))])).toEqual(
      [],
    );
  });
});

describe('scheduling/topology-spread', () => {
  const spread = (whenUnsatisfiable: string): Fields => ({
    'spec.topologySpreadConstraints': [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable, labelSelector: { matchLabels: { app: 'web' } } },
    ],
  });

  it('says that no node has the label', () => {
    const message = bad(1, "node(s) didn't match pod topology spread constraints (missing required label)");
    const [finding] = check(topologySpread, [node('a'), pending('web-1', message, spread('DoNotSchedule'))]);
    expect(finding?.title).toBe('web-1 cannot keep its spread over zone, which no node has as a label');
  });

  it('counts the pods of each domain', () => {
    const [finding] = check(topologySpread, [
      node('a', { 'metadata.labels.zone': 'east' }),
      node('b', { 'metadata.labels.zone': 'west' }),
      pod('x', { 'metadata.labels.app': 'web', 'spec.nodeName': 'a' }),
      pending('web-1', bad(2, "node(s) didn't match pod topology spread constraints"), spread('DoNotSchedule')),
    ]);
    expect(finding?.cause).toContain('(east has 1, west has 0)');
  });

  it('never blames a constraint that only prefers', () => {
    const message = bad(1, "node(s) didn't match pod topology spread constraints");
    expect(check(topologySpread, [node('a'), pending('web-1', message, spread('ScheduleAnyway'))])).toEqual([]);
  });
});

describe('scheduling/host-port-conflict', () => {
  const port = (hostPort: number): Fields => ({
    'spec.containers': [{ name: 'web', ports: [{ containerPort: 80, hostPort }] }],
  });
  const message = bad(1, "node(s) didn't have free ports for the requested pod ports");

  it('names the port and who has it', () => {
    const [finding] = check(hostPortConflict, [
      node('a'),
      pod('proxy', { 'spec.nodeName': 'a', ...port(8443) }),
      pending('web-1', message, port(8443)),
    ]);
    expect(finding?.title).toBe('web-1: host port 8443 is taken on every node where it may run');
    expect(finding?.cause).toContain('proxy has port 8443 already');
  });

  it('is silent where ports are not what is in the way', () => {
    expect(check(hostPortConflict, [node('a'), pending('web-1', bad(1, 'Insufficient cpu'), port(8443))])).toEqual([]);
  });
});
