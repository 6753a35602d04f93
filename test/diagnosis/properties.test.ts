/** What must hold for every rule, tried on the recorded shop. */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ClusterView,
  emptyView,
  openRecording,
  readAll,
  readLogs,
  scopeReads,
  type Facts,
} from '../../src/cluster/index.ts';
import { diagnose, kindsRead, recognise, rules, wantedLogs } from '../../src/diagnosis/index.ts';
import type { Kind } from '../../src/domain/index.ts';

let facts: Facts;

beforeAll(async () => {
  const source = await openRecording('samples/shop.tar.gz');
  const view = await readAll(source, emptyView(source), scopeReads(kindsRead, source.currentNamespace));
  facts = view.extend(await readLogs(source, wantedLogs(view))).facts;
});

/** The same reading by an account that may not list a kind. */
const without = (kind: Kind): ClusterView =>
  new ClusterView({
    ...facts,
    objects: facts.objects.filter((o) => o.kind !== kind),
    complete: facts.complete.filter((c) => c.kind !== kind),
    unseen: [...facts.unseen, { what: kind, kind, reason: 'forbidden', detail: `you may not list ${kind}` }],
  });

describe('what may not be read is not missing', () => {
  it.each(kindsRead.map((kind) => [kind]))('%s', (kind) => {
    const { findings, unseen } = recognise(without(kind));
    expect(unseen).toEqual([]);
    const claims = findings.flatMap((f) => f.evidence.filter((e) => e.object.kind === kind && e.value === 'not found'));
    expect(claims).toEqual([]);
    expect(diagnose(without(kind)).unseen.map((u) => u.kind)).toContain(kind);
  });
});

describe('every finding', () => {
  it('has a title of at most 90 characters that is no bare reason', () => {
    for (const f of recognise(new ClusterView(facts)).findings) {
      expect(f.title.length, f.title).toBeLessThanOrEqual(90);
      expect(f.title, f.title).toMatch(/ /);
    }
  });

  it('names in its title only what its evidence or its objects name', () => {
    const { findings } = diagnose(new ClusterView(facts));
    expect(findings.length).toBeGreaterThan(5);
    for (const f of findings) {
      const named = [
        f.subject.name,
        ...f.objects.map((o) => o.name),
        ...f.evidence.flatMap((e) => [e.object.name, e.value, e.command]),
      ].join(' ');
      expect(named).toContain(f.subject.name);
    }
  });

  it('has evidence and steps whose commands are complete', () => {
    for (const f of recognise(new ClusterView(facts)).findings) {
      const commands = [...f.evidence.map((e) => e.command), ...f.remediation.flatMap((s) => s.command ?? [])];
      for (const command of commands) {
        expect(command, f.rule).toMatch(/^(kubectl|aiops|minikube|helm|eval) /);
        expect(command, f.rule).not.toMatch(/undefined|\[object/);
      }
    }
  });
});

describe('time', () => {
  it('a minute after creation nothing is judged that needs its grace', () => {
    const created = Math.min(
      ...facts.objects
        .filter((o) => o.kind === 'Deployment')
        .map((o) => Date.parse(o.metadata.creationTimestamp ?? '')),
    );
    const early = new ClusterView({
      ...facts,
      at: created + 5_000,
      objects: facts.objects.filter((o) => o.kind !== 'Event'),
      logs: [],
    });
    const graceful = ['workload/unavailable', 'workload/degraded', 'scheduling/unschedulable', 'pod/not-ready'];
    expect(
      recognise(early)
        .findings.filter((f) => graceful.includes(f.rule))
        .map((f) => f.rule),
    ).toEqual([]);
  });
});

describe('the list of kinds', () => {
  it('holds every kind that a rule looks at', () => {
    const files = readdirSync('src/diagnosis', { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
    const looked = files.flatMap((f) =>
      [...readFileSync(`src/diagnosis/${f}`, 'utf8').matchAll(/(?:all|get|find|inNamespace)\(\s*'([A-Z]\w+)'/g)].map(
        (m) => m[1],
      ),
    );
    expect([...new Set(looked)].filter((kind) => !kindsRead.includes(kind as Kind))).toEqual([]);
  });
});

describe('the list of rules', () => {
  it('covers every group of a cluster without extensions', () => {
    const groups = new Set(rules.map((r) => r.id.split('/')[0]));
    for (const group of [
      'pod',
      'container',
      'probe',
      'image',
      'scheduling',
      'storage',
      'config',
      'rbac',
      'quota',
      'network',
      'dns',
      'log',
      'node',
      'workload',
      'job',
      'service',
      'ingress',
      'tls',
      'hpa',
      'pdb',
      'webhook',
      'object',
    ])
      expect(groups, group).toContain(group);
  });
});
