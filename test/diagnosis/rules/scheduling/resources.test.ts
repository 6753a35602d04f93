import { describe, expect, it } from 'vitest';
import { extendedResource } from '../../../../src/diagnosis/rules/scheduling/devices.ts';
import { exceedsAnyNode, insufficientResources } from '../../../../src/diagnosis/rules/scheduling/resources.ts';
import { check, owned, object } from '../../../support/fixtures.ts';
import { bad, holding, node, pending, requests } from './pods.ts';

const GPU = 'nvidia.com/gpu';
const gpu = (n: string) => ({ 'spec.containers': [{ name: 'web', resources: { requests: { [GPU]: n } } }] });
const offering = (name: string, n: string, more = {}) =>
  node(name, { 'status.allocatable': { cpu: '4', [GPU]: n }, ...more });

describe('scheduling/insufficient-resources', () => {
  it('names the request and the most that any node has free', () => {
    const [finding] = check(insufficientResources, [
      node('a'),
      node('b'),
      holding('x', 'a', '3'),
      holding('y', 'b', '2500m'),
      pending('web-1', bad(2, 'Insufficient cpu'), requests('2')),
    ]);
    expect(finding?.title).toBe('web-1 needs 2 cpu per pod; no node has more than 1500m free');
    expect(finding?.cause).toContain('b has the most cpu left of 2 nodes where the pod may run: 1500m of 4');
    expect(finding?.evidence.map((e) => e.value)).toEqual([
      expect.stringContaining('Insufficient cpu'),
      '2',
      '4',
      '2500m',
    ]);
    expect(finding?.evidence.at(-1)?.command).toBe('kubectl describe node b');
  });

  it('says the same for every pod of a workload, whatever its name', () => {
    const rs = owned(object('ReplicaSet', 'web-5f'), object('Deployment', 'web'));
    const pods = ['1', '2'].map((n) => owned(pending(`web-5f-${n}`, bad(1, 'Insufficient cpu'), requests('2')), rs));
    const findings = check(insufficientResources, [rs, node('a'), holding('x', 'a', '3'), ...pods]);
    expect(new Set(findings.map((f) => `${f.title} ${f.causeKey}`)).size).toBe(1);
    expect(findings).toHaveLength(2);
  });

  it('leaves a request that no node could ever hold to its own rule, also where other namespaces are not read', () => {
    const objects = [node('a'), pending('web-1', bad(1, 'Insufficient cpu'), requests('64'))];
    expect(check(insufficientResources, objects)).toEqual([]);
    expect(check(insufficientResources, objects, { unread: ['Pod'] })).toEqual([]);
    expect(check(exceedsAnyNode, objects, { unread: ['Pod'] })).toHaveLength(1);
  });

  it('counts two resources that no single node has together', () => {
    const roomy = (name: string, cpu: string, memory: string) =>
      node(name, { 'status.allocatable': { cpu, memory, pods: '10' } });
    const wants = {
      'spec.containers': [{ name: 'web', resources: { requests: { cpu: '2', memory: '2Gi' } } }],
    };
    const message = '0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.';
    const [finding] = check(insufficientResources, [
      roomy('a', '1', '4Gi'),
      roomy('b', '4', '1Gi'),
      pending('web-1', message, wants),
    ]);
    expect(finding?.title).toBe('web-1 needs 2 cpu and 2Gi memory per pod; no node has both free');
  });

  it('points to a cordoned node that has room', () => {
    const [finding] = check(insufficientResources, [
      node('a'),
      node('b', { 'spec.unschedulable': true }),
      holding('x', 'a', '3'),
      pending('web-1', bad(1, 'Insufficient cpu', 2), requests('2')),
    ]);
    expect(finding?.remediation.at(-1)?.command).toBe('kubectl uncordon b');
  });

  it('relies on the scheduler where nodes may not be read', () => {
    const [finding] = check(insufficientResources, [pending('web-1', bad(3, 'Insufficient cpu'), requests('2'))], {
      unread: ['Node'],
    });
    expect(finding?.title).toBe('web-1 finds too little cpu free on 3 nodes');
  });

  it('is silent where the room is there by now', () => {
    expect(
      check(insufficientResources, [node('a'), pending('web-1', bad(1, 'Insufficient cpu'), requests('2'))]),
    ).toEqual([]);
  });

  it('does not count pods that have ended', () => {
    const done = holding('x', 'a', '3');
    const ended = { ...done, status: { ...done.status, phase: 'Succeeded' } };
    expect(
      check(insufficientResources, [node('a'), ended, pending('web-1', bad(1, 'Insufficient cpu'), requests('2'))]),
    ).toEqual([]);
  });

  it('leaves a request that can never fit to its own rule', () => {
    expect(
      check(insufficientResources, [node('a'), pending('web-1', bad(1, 'Insufficient cpu'), requests('5'))]),
    ).toEqual([]);
  });

  it('is silent where the short node is one where the pod does not belong', () => {
    const placed = { ...requests('2'), 'spec.nodeSelector.zone': 'x' };
    const message = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector.";
    expect(check(insufficientResources, [node('a'), node('b'), pending('web-1', message, placed)])).toEqual([]);
  });
});

describe('scheduling/request-exceeds-any-node', () => {
  it('compares the request with the largest node on which the pod may run', () => {
    const [finding] = check(exceedsAnyNode, [
      node('small'),
      node('big', { 'status.allocatable.cpu': '64', 'spec.taints': [{ key: 'team', effect: 'NoSchedule' }] }),
      pending(
        'web-1',
        '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s).',
        requests('8'),
      ),
    ]);
    expect(finding?.title).toBe('web-1 requests 8 cpu; the largest node offers 4');
  });

  it('is silent where room is short only now', () => {
    expect(
      check(exceedsAnyNode, [
        node('a'),
        holding('x', 'a', '3'),
        pending('web-1', bad(1, 'Insufficient cpu'), requests('2')),
      ]),
    ).toEqual([]);
  });

  it('is silent where not all nodes were read', () => {
    const objects = [node('a'), pending('web-1', bad(1, 'Insufficient cpu'), requests('8'))];
    expect(check(exceedsAnyNode, objects, { unread: ['Node'] })).toEqual([]);
  });
});

describe('scheduling/extended-resource-missing', () => {
  const message = bad(1, `Insufficient ${GPU}`);

  it('says that no node offers the device', () => {
    const [finding] = check(extendedResource, [node('a'), pending('train-1', message, gpu('1'))]);
    expect(finding?.title).toBe(`train-1 asks for 1 ${GPU}, which no node offers`);
  });

  it('names who has taken all units', () => {
    const [finding] = check(extendedResource, [
      offering('a', '2'),
      {
        ...holding('other', 'a', '1'),
        spec: { nodeName: 'a', containers: [{ name: 'web', resources: { requests: { [GPU]: '2' } } }] },
      } as never,
      pending('train-1', message, gpu('1')),
    ]);
    expect(finding?.title).toBe(`train-1 asks for 1 ${GPU}; all 2 on 1 node are taken`);
    expect(finding?.cause).toContain('to other');
  });

  it('names the taint behind which the device is', () => {
    const [finding] = check(extendedResource, [
      node('a'),
      offering('g', '4', { 'spec.taints': [{ key: GPU, value: 'yes', effect: 'NoSchedule' }] }),
      pending(
        'train-1',
        `0/2 nodes are available: 1 Insufficient ${GPU}, 1 node(s) had untolerated taint(s).`,
        gpu('1'),
      ),
    ]);
    expect(finding?.title).toBe(`train-1 asks for 1 ${GPU}, which only tainted nodes offer`);
    expect(finding?.cause).toContain(`${GPU}=yes:NoSchedule`);
  });

  it('looks for its cause on nodes that have the device and offer none of it', () => {
    const lost = node('a', { 'status.capacity': { [GPU]: '1' }, 'status.allocatable': { [GPU]: '0' } });
    const [finding] = check(extendedResource, [lost, pending('train-1', message, gpu('1'))]);
    expect(finding?.causedBy).toEqual([expect.objectContaining({ kind: 'Node', name: 'a' })]);
  });

  it('is silent where a unit is free by now', () => {
    expect(check(extendedResource, [offering('a', '1'), pending('train-1', message, gpu('1'))])).toEqual([]);
  });
});
