import { describe, expect, it } from 'vitest';
import { recognise } from '../../../src/diagnosis/engine.ts';
import { fold } from '../../../src/diagnosis/fold.ts';
import { defaultSettings } from '../../../src/diagnosis/index.ts';
import { nodeRules } from '../../../src/diagnosis/rules/node/index.ts';
import { schedulingRules } from '../../../src/diagnosis/rules/scheduling/index.ts';
import { storageRules } from '../../../src/diagnosis/rules/storage/index.ts';
import type { KubeObject } from '../../../src/domain/index.ts';
import { eventOn, object, owned, viewOf, type Fields } from '../../support/fixtures.ts';
import { bad, node, pending, requests } from '../rules/scheduling/pods.ts';
import { mounts, waiting } from '../rules/storage/claims.ts';

const rules = [...schedulingRules, ...storageRules, ...nodeRules];

/** The roots, each as its rule and object, with the rules that follow from it. */
function roots(objects: readonly KubeObject[]): Readonly<Record<string, readonly (string | undefined)[]>> {
  const view = viewOf(objects);
  const { findings } = recognise(view, { rules, settings: defaultSettings });
  return Object.fromEntries(
    fold(view, findings).map((f) => [`${f.rule} ${f.subject.name}`, f.consequences.map((c) => c.rule).toSorted()]),
  );
}

function web(message: string, fields: Fields = {}): readonly KubeObject[] {
  const top = object('Deployment', 'web');
  const rs = owned(object('ReplicaSet', 'web-5f'), top);
  return [top, rs, ...['1', '2'].map((n) => owned(pending(`web-5f-${n}`, message, fields), rs))];
}

describe('one root for what belongs together', () => {
  const unbound = '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found';

  it('a class that does not exist explains the claim and the pods that wait for it', () => {
    const claim = waiting('data', { 'spec.storageClassName': 'fast' });
    expect(roots([...web(unbound, mounts('data')), claim, node('a')])).toEqual({
      'storage/storageclass-missing data': ['scheduling/pvc-unbound'],
    });
  });

  it('a driver that is not installed explains its silence', () => {
    const claim = waiting('data', { 'spec.storageClassName': 'fast' });
    const asked = eventOn(claim, 'ExternalProvisioning', 'Waiting for a volume to be created', { type: 'Normal' });
    const objects = [...web(unbound, mounts('data')), claim, asked, object('StorageClass', 'fast'), node('a')];
    expect(roots(objects)).toEqual({
      'storage/provisioner-not-installed fast': ['scheduling/pvc-unbound', 'storage/provisioner-silent'],
    });
  });

  it('a node under pressure explains the taint that keeps pods away', () => {
    const squeezed = node('a', {
      'status.conditions[DiskPressure].status': 'True',
      'spec.taints': [{ key: 'node.kubernetes.io/disk-pressure', effect: 'NoSchedule' }],
    });
    expect(roots([...web(bad(1, 'node(s) had untolerated taint(s)')), squeezed])).toEqual({
      'node/disk-pressure a': ['scheduling/untolerated-taint'],
    });
  });

  it('a specific reason stands above what the scheduler says', () => {
    expect(roots([...web(bad(1, 'Insufficient cpu'), requests('8')), node('a')])).toEqual({
      'scheduling/request-exceeds-any-node web': [],
    });
  });
});
