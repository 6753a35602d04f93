import { describe, expect, it } from 'vitest';
import { nodeLabelNoMatch } from '../../../../src/diagnosis/rules/scheduling/labels.ts';
import { allCordoned, nodeSlotsFull, untoleratedTaint } from '../../../../src/diagnosis/rules/scheduling/nodes.ts';
import { check, pod } from '../../../support/fixtures.ts';
import { bad, node, pending } from './pods.ts';

const tainted = (name: string, key: string, value?: string) =>
  node(name, { 'spec.taints': [{ key, effect: 'NoSchedule', ...(value !== undefined && { value }) }] });
const LABELS = "node(s) didn't match Pod's node affinity/selector";

describe('scheduling/node-label-no-match', () => {
  it('names the label that no node has, and the nearest one', () => {
    const [finding] = check(nodeLabelNoMatch, [
      node('a', { 'metadata.labels': { disktype: 'sdd' } }),
      pending('web-1', bad(1, LABELS), { 'spec.nodeSelector': { disktype: 'ssd' } }),
    ]);
    expect(finding?.title).toBe('web-1 requires node label disktype=ssd, which no node has');
    expect(finding?.cause).toContain('The nearest existing label is disktype=sdd.');
    expect(finding?.evidence.map((e) => e.value)).toContain('ssd');
  });

  it('finds a key that is nearly the same', () => {
    const [finding] = check(nodeLabelNoMatch, [
      node('a', { 'metadata.labels': { disktype: 'ssd' } }),
      pending('web-1', bad(1, LABELS), { 'spec.nodeSelector': { 'disk-type': 'ssd' } }),
    ]);
    expect(finding?.cause).toContain('disktype=ssd');
  });

  it('names labels that no single node has together', () => {
    const [finding] = check(nodeLabelNoMatch, [
      node('a', { 'metadata.labels': { zone: 'a' } }),
      node('b', { 'metadata.labels': { gpu: 'yes' } }),
      pending('web-1', bad(2, LABELS), { 'spec.nodeSelector': { zone: 'a', gpu: 'yes' } }),
    ]);
    expect(finding?.title).toBe('web-1 requires node labels zone=a and gpu=yes, which no single node has');
  });

  it('is silent where a node has the label and something else is in the way', () => {
    const there = node('a', { 'metadata.labels': { disktype: 'ssd' }, 'spec.unschedulable': true });
    const message = `0/2 nodes are available: 1 ${LABELS}, 1 node(s) were unschedulable.`;
    const web = pending('web-1', message, { 'spec.nodeSelector': { disktype: 'ssd' } });
    expect(check(nodeLabelNoMatch, [there, node('b'), web])).toEqual([]);
  });

  it('takes the word of the scheduler about all nodes where they may not be read', () => {
    const web = (total: number) =>
      pending('web-1', bad(1, LABELS, total), { 'spec.nodeSelector': { disktype: 'ssd' } });
    expect(check(nodeLabelNoMatch, [web(1)], { unread: ['Node'] })).toHaveLength(1);
    expect(check(nodeLabelNoMatch, [web(2)], { unread: ['Node'] })).toEqual([]);
  });
});

describe('scheduling/untolerated-taint', () => {
  it('names the taint of the nodes where the pod belongs, not that of the control plane', () => {
    const [finding] = check(untoleratedTaint, [
      tainted('cp', 'node-role.kubernetes.io/control-plane'),
      tainted('w1', 'team', 'data'),
      tainted('w2', 'team', 'data'),
      pending('web-1', bad(3, 'node(s) had untolerated taint(s)')),
    ]);
    expect(finding?.title).toBe('web-1 tolerates no node: taint team=data:NoSchedule on 2 nodes');
    expect(finding?.causedBy?.map((r) => r.name)).toEqual(['w1', 'w2']);
  });

  it('looks for the cause of a taint that Kubernetes set on the node', () => {
    const [finding] = check(untoleratedTaint, [
      tainted('w1', 'node.kubernetes.io/disk-pressure'),
      pending('web-1', bad(1, 'node(s) had untolerated taint(s)')),
    ]);
    expect(finding?.cause).toContain('because of the state of the node');
    expect(finding?.remediation[1]?.text).toContain('Repair the nodes');
  });

  it('is silent where another node is open and merely full', () => {
    const web = pending('web-1', '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s).');
    expect(check(untoleratedTaint, [tainted('cp', 'node-role.kubernetes.io/control-plane'), node('a'), web])).toEqual(
      [],
    );
  });
});

describe('scheduling/all-cordoned', () => {
  const cordoned = node('a', { 'spec.unschedulable': true });
  const message = '0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.';

  it('names the cordoned nodes on which alone the pod may run', () => {
    const [finding] = check(allCordoned, [cordoned, tainted('b', 'team'), pending('web-1', message)]);
    expect(finding?.title).toBe('web-1 fits only on cordoned nodes (a)');
    expect(finding?.remediation[0].command).toBe('kubectl uncordon a');
  });

  it('is silent where an open node is short of room', () => {
    const web = pending('web-1', '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.');
    expect(check(allCordoned, [cordoned, node('b'), web])).toEqual([]);
  });
});

describe('scheduling/node-slots-full', () => {
  it('counts the pods of the full node', () => {
    const [finding] = check(nodeSlotsFull, [
      node('a', { 'status.allocatable.pods': '1' }),
      pod('x', { 'spec.nodeName': 'a' }),
      pending('web-1', bad(1, 'Too many pods')),
    ]);
    expect(finding?.title).toBe('web-1: 1 node runs as many pods as allowed (1 on a)');
    expect(finding?.causedBy).toEqual([expect.objectContaining({ name: 'a' })]);
  });

  it('is silent where one node is full and the others refuse for another reason', () => {
    const message = "0/3 nodes are available: 1 Too many pods, 2 node(s) didn't match pod anti-affinity rules.";
    expect(check(nodeSlotsFull, [node('a'), node('b'), node('c'), pending('web-1', message)])).toEqual([]);
  });
});
