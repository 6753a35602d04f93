import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diagnose, type FoldedFinding } from '../../src/diagnosis/index.ts';
import { fold } from '../../src/diagnosis/fold.ts';
import { refOf, type CatalogueId, type Finding, type KubeObject, type ObjectRef } from '../../src/domain/index.ts';
import { eventOn, object, owned, pod, timeOr, viewOf } from '../support/fixtures.ts';

const finding = (rule: CatalogueId, subject: KubeObject, more: Partial<Finding> = {}): Finding => ({
  rule,
  subject: refOf(subject),
  causeKey: 'x',
  severity: 'critical',
  confidence: 'certain',
  title: `${rule} on ${subject.metadata.name ?? ''}`,
  cause: 'because',
  evidence: [{ object: refOf(subject), what: rule, value: 'v', command: `show ${rule}` }],
  remediation: [{ text: 'mend it' }],
  ...more,
});

const titles = (folded: readonly FoldedFinding[]) => folded.map((f) => f.title);

describe('folding by owner', () => {
  const deployment = object('Deployment', 'web');
  const replicaSet = owned(object('ReplicaSet', 'web-5f'), deployment);
  const pods = Array.from({ length: 50 }, (_, i) => owned(pod(`web-5f-${i}`), replicaSet));

  it('makes fifty pods of one Deployment with one cause one finding on the Deployment', () => {
    const folded = fold(
      viewOf([deployment, replicaSet, ...pods]),
      pods.map((p) => finding('image/not-found', p)),
    );
    expect(folded).toHaveLength(1);
    expect(folded[0]?.subject).toMatchObject({ kind: 'Deployment', name: 'web' });
    expect(folded[0]?.objects).toHaveLength(50);
  });

  it('keeps different causes of one Deployment apart', () => {
    const [a, b] = pods;
    const folded = fold(viewOf([deployment, replicaSet, ...pods]), [
      finding('image/not-found', a!),
      finding('config/missing-secret', b!),
    ]);
    expect(folded.map((f) => f.rule).sort()).toEqual(['config/missing-secret', 'image/not-found']);
  });

  it('keeps the causes of two containers of one pod apart', () => {
    const [a] = pods;
    const folded = fold(viewOf([deployment, replicaSet, ...pods]), [
      finding('container/exit-error', a!, { container: 'app' }),
      finding('log/panic', a!, { container: 'proxy' }),
    ]);
    expect(folded).toHaveLength(2);
  });

  it('puts the crash under the line of the log that explains it, with the evidence of both', () => {
    const [a] = pods;
    const folded = fold(viewOf([deployment, replicaSet, ...pods]), [
      finding('container/exit-error', a!, { container: 'app' }),
      finding('log/panic', a!, { container: 'app' }),
    ]);
    expect(folded).toHaveLength(1);
    expect(folded[0]?.rule).toBe('log/panic');
    expect(folded[0]?.evidence.map((e) => e.what)).toEqual(['log/panic', 'container/exit-error']);
  });
});

describe('the fix of a folded finding', () => {
  const deployment = object('Deployment', 'web');
  const web = owned(pod('web-1'), deployment);
  const undo = { verb: 'rollout-undo', target: refOf(deployment) } as const;

  it('is that of a symptom of the same object where the root has none', () => {
    const folded = fold(viewOf([deployment, web]), [
      finding('container/command-not-found', web),
      finding('workload/bad-release', deployment, { fix: undo, causedBy: [refOf(web)] }),
    ]);
    expect(folded.map((f) => [f.rule, f.fix])).toEqual([['container/command-not-found', undo]]);
  });
});

describe('folding along causes', () => {
  const web = pod('web');
  const service = object('Service', 'web');
  const ingress = object('Ingress', 'web');
  const cascade = [
    finding('config/missing-secret', web),
    finding('service/no-ready-endpoints', service, { causedBy: [refOf(web)] }),
    finding('ingress/backend-unavailable', ingress, { causedBy: [refOf(service)] }),
  ];

  it('prints a cascade once, at its root, with what suffers below it', () => {
    const folded = fold(viewOf([web, service, ingress]), cascade);
    expect(titles(folded)).toEqual(['config/missing-secret on web']);
    expect(folded[0]?.consequences.map((c) => `${c.object.kind}/${c.object.name}`)).toEqual([
      'Service/web',
      'Ingress/web',
    ]);
  });

  it('does not depend on the order of the findings', () => {
    const view = viewOf([web, service, ingress]);
    const expected = fold(view, cascade);
    fc.assert(
      fc.property(fc.shuffledSubarray(cascade, { minLength: cascade.length }), (shuffled) => {
        expect(fold(view, shuffled)).toEqual(expected);
      }),
    );
  });

  it('leaves a consequence without a known cause a finding of its own', () => {
    expect(titles(fold(viewOf([web, service, ingress]), cascade.slice(1)))).toEqual([
      'service/no-ready-endpoints on web',
    ]);
  });

  it('does not join objects that nothing joins, whatever the types would allow', () => {
    const other = pod('other');
    const folded = fold(viewOf([web, service, other]), [finding('config/missing-secret', other), cascade[1]!]);
    expect(folded).toHaveLength(2);
  });

  it('does not take how a workload fares for the cause of what its own pods suffer', () => {
    const deployment = object('Deployment', 'db');
    const db = owned(pod('db-1'), deployment);
    const folded = fold(viewOf([deployment, db]), [
      finding('storage/attach-failed', db, { since: '2026-06-01T11:30:00Z' }),
      finding('pod/stuck-creating', db, { since: '2026-06-01T11:00:00Z' }),
      finding('workload/unavailable', deployment, { causedBy: [refOf(db)], since: '2026-06-01T10:00:00Z' }),
    ]);
    expect(folded.map((f) => f.rule)).toEqual(['storage/attach-failed']);
  });

  it('takes the earliest onset for the root of a ring', () => {
    const a = pod('a');
    const b = pod('b');
    const link = (of: KubeObject, to: ObjectRef, since: string) =>
      finding('service/no-ready-endpoints', of, { causedBy: [to], since });
    const late = link(object('Service', 'a'), refOf(b), '2026-06-01T11:00:00Z');
    const early = {
      ...finding('log/connection-refused', b, { since: '2026-06-01T10:00:00Z' }),
      causedBy: [late.subject],
    };
    const folded = fold(viewOf([a, b]), [late, early]);
    expect(folded.map((f) => f.rule)).toEqual(['log/connection-refused']);
    expect(folded[0]?.consequences.map((c) => c.object.name)).toEqual(['a']);
  });
});

describe('severity of a folded finding', () => {
  const deployment = object('Deployment', 'web');
  const replicaSet = owned(object('ReplicaSet', 'web-5f'), deployment);
  const broken = owned(pod('web-5f-1', { 'status.conditions[Ready].status': 'False' }), replicaSet);
  const serving = owned(pod('web-5f-2'), replicaSet);

  it('is critical while nothing serves and a warning while another pod does', () => {
    const fault = [finding('image/not-found', broken)];
    expect(fold(viewOf([deployment, replicaSet, broken]), fault)[0]?.severity).toBe('critical');
    expect(fold(viewOf([deployment, replicaSet, broken, serving]), fault)[0]?.severity).toBe('warning');
  });

  it('is that of its worst consequence', () => {
    const node = object('Node', 'node-1');
    const folded = fold(viewOf([node, broken]), [
      finding('node/not-ready', node, { severity: 'warning' }),
      finding('pod/on-unhealthy-node', broken, { causedBy: [refOf(node)] }),
    ]);
    expect(folded.map((f) => [f.rule, f.severity])).toEqual([['node/not-ready', 'critical']]);
  });
});

describe('the whole diagnosis', () => {
  const web = pod('web-1', {
    'status.phase': 'Pending',
    'status.conditions[Ready].status': 'False',
    'status.containerStatuses[web].ready': false,
    'status.containerStatuses[web].state': {
      waiting: { reason: 'CreateContainerConfigError', message: 'secret "db" not found' },
    },
  });

  it('gives the same findings in the same order whatever the order of the lists', () => {
    const objects: readonly KubeObject[] = [
      web,
      object('Service', 'web', { 'spec.selector': { app: 'x' } }),
      object('Node', 'node-1', {
        'status.conditions[Ready].status': 'False',
        'status.conditions[Ready].lastTransitionTime': 'now-1h',
      }),
      eventOn(web, 'Failed', 'Error: secret "db" not found'),
    ];
    const expected = diagnose(viewOf(objects)).findings;
    expect(expected.map((f) => f.rule)).toContain('config/missing-secret');
    fc.assert(
      fc.property(fc.shuffledSubarray([...objects], { minLength: objects.length }), (shuffled) => {
        expect(diagnose(viewOf(shuffled)).findings).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it('is no all-clear when a list could not be read, except Secrets', () => {
    expect(diagnose(viewOf([])).isComplete).toBe(true);
    expect(diagnose(viewOf([], { unread: ['Secret'] })).isComplete).toBe(true);
    expect(diagnose(viewOf([], { unread: ['Pod'] })).isComplete).toBe(false);
  });

  it('goes on when one rule stumbles, and says so', () => {
    const stumbling = {
      id: 'pod/not-ready' as const,
      severity: 'critical' as const,
      confidence: 'certain' as const,
      needs: [],
      check: () => {
        throw new Error('stumbled');
      },
    };
    const { unseen, isComplete } = diagnose(viewOf([web]), { rules: [stumbling] });
    expect(unseen).toEqual([{ what: 'rule pod/not-ready', reason: 'failed', detail: 'stumbled' }]);
    expect(isComplete).toBe(false);
  });

  it('lists what lies off the path of the question separately', () => {
    const other = pod('other', {
      ...Object.fromEntries(Object.entries({ 'status.phase': 'Pending' })),
      'status.containerStatuses[web].state': {
        waiting: { reason: 'CreateContainerConfigError', message: 'configmap "c" not found' },
      },
    });
    const { findings, alsoSeen } = diagnose(viewOf([web, other]), { targets: [refOf(web)] });
    expect(new Set(findings.map((f) => f.subject.name))).toEqual(new Set(['web-1']));
    expect(new Set(alsoSeen.filter((f) => f.severity !== 'info').map((f) => f.subject.name))).toEqual(
      new Set(['other']),
    );
  });

  it('names the onset of the earliest symptom', () => {
    expect(diagnose(viewOf([web])).findings[0]?.since).toBe(timeOr('now-1d'));
  });
});
