import { describe, expect, it } from 'vitest';
import { meetsAll, nodeDemand, podDemand, tolerates, blockingTaints } from '../../../src/diagnosis/placement/index.ts';
import type { PodSpec, Toleration } from '../../../src/domain/index.ts';
import { object, pod } from '../../support/fixtures.ts';

const cpu = (request: string) => ({ resources: { requests: { cpu: request } } });
const cores = (fields: Readonly<Record<string, unknown>>) => {
  const nanos = podDemand(pod('p', fields)).get('cpu') ?? 0n;
  return Number(nanos / 1_000_000n) / 1000;
};

describe('what the scheduler reserves for a pod', () => {
  it.each([
    [
      'containers add up',
      {
        'spec.containers': [
          { name: 'a', ...cpu('1') },
          { name: 'b', ...cpu('500m') },
        ],
      },
      1.5,
    ],
    [
      'the largest init container counts where it is above the sum',
      {
        'spec.containers': [{ name: 'a', ...cpu('1') }],
        'spec.initContainers': [
          { name: 'i', ...cpu('3') },
          { name: 'j', ...cpu('2') },
        ],
      },
      3,
    ],
    [
      'a sidecar runs beside the containers and later init containers',
      {
        'spec.containers': [{ name: 'a', ...cpu('1') }],
        'spec.initContainers': [
          { name: 's', restartPolicy: 'Always', ...cpu('1') },
          { name: 'i', ...cpu('2') },
        ],
      },
      3,
    ],
    ['overhead is added', { 'spec.containers': [{ name: 'a', ...cpu('1') }], 'spec.overhead': { cpu: '250m' } }, 1.25],
    ['a limit alone is a request', { 'spec.containers': [{ name: 'a', resources: { limits: { cpu: '2' } } }] }, 2],
    [
      'the request of the whole pod replaces the sum',
      { 'spec.containers': [{ name: 'a', ...cpu('1') }], 'spec.resources': { requests: { cpu: '4' } } },
      4,
    ],
  ])('%s', (_, fields, expected) => {
    expect(cores(fields)).toBe(expected);
  });
});

describe('tolerations', () => {
  const taint = { key: 'team', value: 'data', effect: 'NoSchedule' };
  it.each<[Toleration, boolean]>([
    [{ key: 'team', operator: 'Equal', value: 'data', effect: 'NoSchedule' }, true],
    [{ key: 'team', value: 'data' }, true],
    [{ key: 'team', operator: 'Exists' }, true],
    [{ operator: 'Exists' }, true],
    [{ key: 'team', operator: 'Equal', value: 'web' }, false],
    [{ key: 'team', operator: 'Exists', effect: 'NoExecute' }, false],
    [{ key: 'other', operator: 'Exists' }, false],
  ])('%o tolerates the taint: %s', (toleration, expected) => {
    expect(tolerates(toleration, taint)).toBe(expected);
  });

  it('a preference and a cordon block nothing', () => {
    const node = object('Node', 'n', {
      'spec.taints': [
        { key: 'a', effect: 'PreferNoSchedule' },
        { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
      ],
    });
    expect(blockingTaints(node, [])).toEqual([]);
  });
});

describe('demands on node labels', () => {
  const node = object('Node', 'n1', { 'metadata.labels': { zone: 'a', cores: '8' } });
  const affinity = (...terms: object[]): PodSpec => ({
    containers: [],
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
  });
  it.each([
    [
      'one of several terms is enough',
      affinity(
        { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] },
        { matchExpressions: [{ key: 'zone', operator: 'Exists' }] },
      ),
      true,
    ],
    [
      'all expressions of a term must hold',
      affinity({
        matchExpressions: [
          { key: 'zone', operator: 'Exists' },
          { key: 'gpu', operator: 'Exists' },
        ],
      }),
      false,
    ],
    ['numbers compare', affinity({ matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['4'] }] }), true],
    ['an empty term matches nothing', affinity({}), false],
    [
      'a field names the node',
      affinity({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }),
      true,
    ],
    ['a selector must hold whole', { containers: [], nodeSelector: { zone: 'a', gpu: 'yes' } }, false],
    ['no demand is met by every node', { containers: [] }, true],
  ])('%s', (_, spec, expected) => {
    expect(meetsAll(node, nodeDemand(spec))).toBe(expected);
  });
});
