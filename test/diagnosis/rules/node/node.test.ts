import { describe, expect, it } from 'vitest';
import { ClusterView } from '../../../../src/cluster/index.ts';
import { deviceLost, podCapacity, versionSkew } from '../../../../src/diagnosis/rules/node/capacity.ts';
import { cordoned, interruption, lifecycleTaint } from '../../../../src/diagnosis/rules/node/lifecycle.ts';
import { rebooted, systemOom } from '../../../../src/diagnosis/rules/node/machine.ts';
import {
  diskPressure,
  memoryPressure,
  pidPressure,
  requestsSaturated,
  usageHigh,
} from '../../../../src/diagnosis/rules/node/pressure.ts';
import {
  networkUnavailable,
  notReady,
  problemCondition,
  runtimeDown,
  unreachable,
} from '../../../../src/diagnosis/rules/node/ready.ts';
import { defaultSettings } from '../../../../src/diagnosis/index.ts';
import { check, eventOn, NOW, object, pod, type Fields } from '../../../support/fixtures.ts';
import { bad, holding, pending } from '../scheduling/pods.ts';

const node = (fields: Fields = {}, name = 'node-1') => object('Node', name, fields);
const condition = (type: string, status: string, message: string, fields: Fields = {}) =>
  node({
    [`status.conditions[${type}].status`]: status,
    [`status.conditions[${type}].message`]: message,
    [`status.conditions[${type}].lastTransitionTime`]: 'now-10m',
    ...fields,
  });

describe('node/not-ready', () => {
  it('quotes the kubelet, with the start of the condition', () => {
    const [finding] = check(notReady, [condition('Ready', 'False', '[disk is read-only]'), pod('web-1')]);
    expect(finding?.title).toBe('Node node-1 is NotReady: [disk is read-only]');
    expect(finding?.since).toBe('2026-06-01T11:50:00.000Z');
    expect(finding?.evidence[0].at).toBe('2026-06-01T11:50:00.000Z');
    expect(finding?.cause).toContain('1 pod of web-1 is on it');
  });

  it.each([
    ['it is new', { 'metadata.creationTimestamp': 'now-2m' }],
    ['it is being removed', { 'spec.taints': [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] }],
    [
      'the network plugin is the cause',
      {
        'status.conditions[Ready].message':
          'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady',
      },
    ],
    ['the kubelet is silent', { 'status.conditions[Ready].status': 'Unknown' }],
  ])('is silent when %s', (_, fields) => {
    expect(check(notReady, [condition('Ready', 'False', 'unfit', fields)])).toEqual([]);
  });
});

describe('node/unreachable', () => {
  it('shows when the lease was last renewed', () => {
    const lease = object('Lease', 'node-1', { 'metadata.namespace': 'kube-node-lease', 'spec.renewTime': 'now-11m' });
    const [finding] = check(unreachable, [
      condition('Ready', 'Unknown', 'Kubelet stopped posting node status.'),
      lease,
    ]);
    expect(finding?.title).toBe('Node node-1 stopped reporting');
    expect(finding?.evidence.map((e) => e.value)).toContain('2026-06-01T11:49:00.000Z');
  });

  it('is silent about a kubelet that says itself that it is unfit', () => {
    expect(check(unreachable, [condition('Ready', 'False', 'unfit')])).toEqual([]);
  });
});

describe('node/runtime-down', () => {
  it.each(['container runtime is down', '[PLEG is not healthy: pleg was last seen active 5m ago; threshold is 3m0s]'])(
    'reads "%s"',
    (message) => {
      expect(check(runtimeDown, [condition('Ready', 'False', message)])).toHaveLength(1);
      expect(check(notReady, [condition('Ready', 'False', message)])).toEqual([]);
    },
  );

  it('is silent about the network plugin', () => {
    const message =
      'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized';
    expect(check(runtimeDown, [condition('Ready', 'False', message)])).toEqual([]);
  });
});

describe('pressure on a node', () => {
  it.each([
    [memoryPressure, 'MemoryPressure', 'Node node-1 is short of memory and evicts pods'],
    [diskPressure, 'DiskPressure', 'Node node-1 is short of disk space: kubelet has it'],
    [pidPressure, 'PIDPressure', 'Node node-1 runs out of process ids'],
  ])('is told by its condition, with its start: $id', (rule, type, title) => {
    const [finding] = check(rule, [condition(type, 'True', 'kubelet has it')]);
    expect(finding?.title).toBe(title);
    expect(finding?.since).toBe('2026-06-01T11:50:00.000Z');
    expect(check(rule, [condition(type, 'False', 'kubelet has no pressure')])).toEqual([]);
    expect(check(rule, [condition(type, 'Unknown', 'Kubelet stopped posting node status.')])).toEqual([]);
  });
});

describe('node/network-unavailable', () => {
  it('names what is missing', () => {
    expect(check(networkUnavailable, [condition('NetworkUnavailable', 'True', 'no route')])[0]?.title).toBe(
      'Node node-1 has no network route: no route',
    );
  });

  it('is silent about False with a reason', () => {
    expect(check(networkUnavailable, [condition('NetworkUnavailable', 'False', 'Calico is running')])).toEqual([]);
  });
});

describe('node/problem-condition', () => {
  it.each([
    ['KernelDeadlock', 'True', 1],
    ['KernelDeadlock', 'False', 0],
    ['StorageReady', 'False', 1],
    ['StorageReady', 'True', 0],
    ['SomethingUnheardOf', 'True', 0],
  ])('%s=%s gives %d findings', (type, status, n) => {
    expect(check(problemCondition, [condition(type, status, 'x')])).toHaveLength(n);
  });
});

describe('node/cordoned', () => {
  const since = (time: string) =>
    node({
      'spec.unschedulable': true,
      'spec.taints': [
        {
          key: 'node.kubernetes.io/unschedulable',
          effect: 'NoSchedule',
          timeAdded: new Date(NOW - Number(time) * 60_000).toISOString(),
        },
      ],
    });

  it('is info after an hour, a warning when pods wait for it', () => {
    expect(check(cordoned, [since('61')])[0]).toMatchObject({
      severity: 'info',
      title: 'Node node-1 has been cordoned for 61m',
    });
    expect(check(cordoned, [since('61'), pending('web-1', bad(1, 'node(s) were unschedulable'))])[0]?.severity).toBe(
      'warning',
    );
  });

  it('is silent during a maintenance', () => {
    expect(check(cordoned, [since('59')])).toEqual([]);
  });
});

describe('node/version-skew', () => {
  const skew = (kubelet: string, version: string | undefined) => {
    const at = {
      identity: { name: 'test', recorded: true, ...(version !== undefined && { version }) },
      at: NOW,
      complete: [],
      absent: [],
      unseen: [],
      logs: [],
    };
    const view = new ClusterView({ ...at, objects: [node({ 'status.nodeInfo.kubeletVersion': kubelet })] });
    return [...versionSkew.check({ view, settings: defaultSettings, now: NOW })].length;
  };
  it.each([
    ['v1.30.1', 'v1.34.0', 1],
    ['v1.31.4', 'v1.34.0', 0],
    ['v1.35.0', 'v1.34.0', 1],
    ['v1.24.0', 'v1.27.3-gke.100', 1],
    ['v1.25.0', 'v1.27.3', 0],
    ['kwok-0.8.0', 'v1.34.0', 0],
    ['v1.20.0', undefined, 0],
  ])('kubelet %s under server %s: %d', (kubelet, server, n) => {
    expect(skew(kubelet, server)).toBe(n);
  });
});

describe('node/usage-high', () => {
  const metrics = (usage: Readonly<Record<string, string>>, fields: Fields = {}) =>
    object('NodeMetrics', 'node-1', { usage, timestamp: 'now-30s', ...fields });
  const sized = node({ 'status.allocatable': { cpu: '10', memory: '100Gi' } });

  it.each([
    ['82Gi', 1],
    ['80Gi', 1],
    ['79Gi', 0],
  ])('memory %s of 100Gi gives %d findings', (memory, n) => {
    expect(check(usageHigh, [sized, metrics({ memory })])).toHaveLength(n);
  });

  it('names percent, amounts and the largest pods', () => {
    const big = object('PodMetrics', 'web-1', { containers: [{ name: 'web', usage: { memory: '60Gi' } }] });
    const [finding] = check(usageHigh, [sized, metrics({ memory: '82Gi' }), pod('web-1'), big]);
    expect(finding?.title).toBe('Node node-1 uses 82 % of its memory');
    expect(finding?.cause).toContain('82Gi of 100Gi memory at the last reading. Most of it: web-1 60Gi');
  });

  it('allows cpu to come nearer to its end, and takes the threshold from the settings', () => {
    expect(check(usageHigh, [sized, metrics({ cpu: '8500m' })])).toEqual([]);
    expect(check(usageHigh, [sized, metrics({ cpu: '9100m' })]).map((f) => f.severity)).toEqual(['info']);
    expect(check(usageHigh, [sized, metrics({ memory: '75Gi' })], { settings: { nodeThresholdPct: 70 } })).toHaveLength(
      1,
    );
  });

  it('does not judge by an old reading', () => {
    expect(check(usageHigh, [sized, metrics({ memory: '99Gi' }, { timestamp: 'now-40m' })])).toEqual([]);
  });
});

describe('node/requests-saturated', () => {
  const two = [node(), node({}, 'node-2')];

  it('speaks of the nodes together', () => {
    const [finding] = check(requestsSaturated, [...two, holding('a', 'node-1', '4'), holding('b', 'node-2', '3900m')]);
    expect(finding?.title).toBe('Requests reach 98 % of the cpu of all nodes');
  });

  it.each([
    ['one node is packed and the other free', [...two, holding('a', 'node-1', '4')], {}],
    ['there is one node only', [node(), holding('a', 'node-1', '4')], {}],
    [
      'not all pods were read',
      [...two, holding('a', 'node-1', '4'), holding('b', 'node-2', '4')],
      { unread: ['Pod' as const] },
    ],
  ])('is silent when %s', (_, objects, options) => {
    expect(check(requestsSaturated, objects, options)).toEqual([]);
  });
});

describe('node/lifecycle-taint', () => {
  const tainted = (key: string, minutes: number, fields: Fields = {}) =>
    node({
      'spec.taints': [{ key, effect: 'NoSchedule', timeAdded: new Date(NOW - minutes * 60_000).toISOString() }],
      ...fields,
    });

  it('names the taint and who should take it away', () => {
    const [finding] = check(lifecycleTaint, [tainted('node.cilium.io/agent-not-ready', 11)]);
    expect(finding?.title).toBe('Node node-1 keeps taint node.cilium.io/agent-not-ready');
    expect(finding?.cause).toContain('the Cilium operator');
  });

  it.each([
    ['in the first ten minutes', tainted('node.cilium.io/agent-not-ready', 9)],
    ['about a taint that people set', tainted('dedicated', 600)],
    [
      'where the condition of the node says it',
      tainted('node.kubernetes.io/not-ready', 60, { 'status.conditions[Ready].status': 'False' }),
    ],
  ])('is silent %s', (_, object) => {
    expect(check(lifecycleTaint, [object])).toEqual([]);
  });
});

describe('node/rebooted', () => {
  const boot = (on: ReturnType<typeof node>, fields: Fields = {}) =>
    eventOn(on, 'Rebooted', 'Node node-1 has been rebooted, boot id: 1a2b', { lastTimestamp: 'now-20m', ...fields });

  it('is info once, a warning when it comes again or pods stay away', () => {
    const one = node();
    const back = {
      'status.containerStatuses[web].lastState.terminated': {
        exitCode: 255,
        reason: 'Unknown',
        finishedAt: new Date(NOW - 20 * 60_000).toISOString(),
      },
    };
    expect(check(rebooted, [one, boot(one), pod('web-1', back)])[0]).toMatchObject({
      severity: 'info',
      title: 'Node node-1 restarted',
    });
    expect(check(rebooted, [one, boot(one, { count: 2 })])[0]?.severity).toBe('warning');
    const down = pod('web-1', { ...back, 'status.conditions[Ready].status': 'False' });
    expect(check(rebooted, [one, boot(one), down])[0]?.title).toBe('Node node-1 restarted and 1 pod did not come back');
  });

  it('is silent about a boot of yesterday', () => {
    const one = node();
    expect(check(rebooted, [one, boot(one, { lastTimestamp: 'now-1d' })])).toEqual([]);
  });
});

describe('node/system-oom', () => {
  const one = node();
  const kill = eventOn(one, 'SystemOOM', 'System OOM encountered, victim process: java, pid: 4711');

  it('names the process', () => {
    expect(check(systemOom, [one, kill])[0]?.title).toBe('Kernel killed process java on node node-1: memory ran out');
  });

  it('is silent where a container was killed at its own limit at that moment', () => {
    const killed = pod('web-1', {
      'status.containerStatuses[web].lastState.terminated': {
        exitCode: 137,
        reason: 'OOMKilled',
        finishedAt: new Date(NOW - 70_000).toISOString(),
      },
    });
    expect(check(systemOom, [one, kill, killed])).toEqual([]);
  });
});

describe('node/pod-capacity', () => {
  const full = node({ 'status.allocatable.pods': '1' });

  it('is told when every node is full, or when pods wait for the full one', () => {
    expect(check(podCapacity, [full, pod('x')])[0]?.title).toBe('Node node-1 runs 1 of 1 pods');
    const waiting = pending('web-1', '0/2 nodes are available: 1 Too many pods, 1 node(s) were unschedulable.');
    const other = node({ 'spec.unschedulable': true }, 'node-2');
    expect(check(podCapacity, [full, other, pod('x'), waiting])).toHaveLength(1);
  });

  it('is silent about one full node beside a free one', () => {
    expect(check(podCapacity, [full, node({}, 'node-2'), pod('x')])).toEqual([]);
  });
});

describe('node/device-lost', () => {
  const gpu = (allocatable: string | undefined) =>
    node({
      'status.capacity': { 'nvidia.com/gpu': '2', 'hugepages-2Mi': '0' },
      'status.allocatable': { cpu: '4', ...(allocatable !== undefined && { 'nvidia.com/gpu': allocatable }) },
    });

  it('compares what the node has with what it offers', () => {
    expect(check(deviceLost, [gpu('0')])[0]?.title).toBe(
      'Node node-1 offers no usable nvidia.com/gpu although it has 2',
    );
    expect(check(deviceLost, [gpu(undefined)])).toHaveLength(1);
  });

  it('is silent where a part of the devices works', () => {
    expect(check(deviceLost, [gpu('1')])).toEqual([]);
  });
});

describe('node/interruption', () => {
  const leaving = (key: string) => node({ 'spec.taints': [{ key, effect: 'NoSchedule' }] });

  it('tells that the node is being taken away', () => {
    expect(check(interruption, [leaving('karpenter.sh/disrupted')])[0]?.title).toBe(
      'Node node-1 is being taken away: karpenter.sh/disrupted',
    );
  });

  it('is silent about a scale-down and about ordinary taints', () => {
    expect(check(interruption, [leaving('ToBeDeletedByClusterAutoscaler'), leaving('dedicated')])).toEqual([]);
  });
});
