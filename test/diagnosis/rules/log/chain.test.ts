import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../../src/diagnosis/index.ts';
import { logOf, object, owned, viewOf } from '../../../support/fixtures.ts';
import { crashing } from '../../../support/failing.ts';

describe('a refused connection', () => {
  it('is folded under the reason for which the pod behind the Service fails', () => {
    const fields = { 'spec.selector.matchLabels': undefined };
    const [web, db] = ['web', 'db'].map((name) => {
      const deployment = object('Deployment', name, {
        ...fields,
        'status.readyReplicas': 0,
        'status.availableReplicas': 0,
      });
      const replicaSet = owned(object('ReplicaSet', `${name}-5f`), deployment);
      const pod = owned(crashing(`${name}-5f-1`, { 'metadata.labels.app': name }), replicaSet);
      return { pod, objects: [deployment, replicaSet, pod] };
    });
    if (!web || !db) throw new Error('two workloads');
    const service = object('Service', 'db', { 'spec.ports': [{ port: 5432, targetPort: 5432 }] });
    const slice = object('EndpointSlice', 'db', {
      endpoints: [
        {
          addresses: ['10.1.0.3'],
          conditions: { ready: false },
          targetRef: { kind: 'Pod', name: 'db-5f-1', uid: db.pod.metadata.uid },
        },
      ],
    });
    const view = viewOf([...web.objects, ...db.objects, service, slice, object('Node', 'node-1')], {
      logs: [
        logOf(web.pod, 'app', 'Error: connect ECONNREFUSED db:5432'),
        logOf(db.pod, 'app', 'panic: environment variable "DATA_DIR" is not set'),
      ],
    });
    const serious = diagnose(view).findings.filter((f) => f.severity !== 'info');
    expect(serious.map((f) => f.title)).toEqual(['db stops: required setting DATA_DIR is not set']);
    expect(serious[0]?.consequences.map((c) => c.rule)).toContain('log/connection-refused');
  });
});
