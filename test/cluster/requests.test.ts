/**
 * What a question costs, witnessed by the API server's audit log: a few requests a pod, whatever its namespace holds; a
 * list a kind for a namespace; no request that changes anything.
 */
import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterSource } from '../../src/cluster/index.ts';
import { kindsRead, MAX_LOG_READS } from '../../src/diagnosis/index.ts';
import { apply, diagnoseKit, eventually, kubectl, openKit, skipReason } from './support/cluster.ts';

const auditLog = process.env.AIOPS_TEST_AUDIT_LOG;
const namespace = 'f-requests';

/** Ten ways to be broken, with more pods of each than a request per object could hide. */
const broken = [
  'exit 1',
  'exit 0',
  'kill -9 $$',
  'no-such-program',
  'cat /no/file',
  'echo "connect: connection refused"; exit 1',
  'echo "panic: no"; exit 2',
];

const deployment = (name: string, container: string, replicas = 1) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: app, imagePullPolicy: IfNotPresent, ${container}}]}
---`;

const busybox = 'image: "docker.io/library/busybox:latest"';
const manifest = [
  ...broken.map((script, i) => deployment(`crash-${i}`, `${busybox}, command: [sh, -c, ${JSON.stringify(script)}]`)),
  deployment('no-secret', `${busybox}, envFrom: [{secretRef: {name: nowhere}}]`),
  deployment('no-image', 'image: "docker.io/library/no-such-image:1"', 3),
  deployment('too-big', `${busybox}, resources: {requests: {cpu: "500"}}`, 5),
].join('\n');

interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
}

describe.skipIf(skipReason !== undefined || auditLog === undefined)('requests, by the audit log', () => {
  let source: ClusterSource;

  beforeAll(async () => {
    source = await openKit();
    await kubectl('create', 'namespace', namespace).catch(() => undefined);
    await eventually(
      () => kubectl('get', 'serviceaccount', 'default', '-n', namespace).catch(() => ''),
      (out) => out !== '',
      20,
    );
    await apply(manifest, namespace);
    await eventually(
      () => diagnoseKit(source, { namespace }),
      (d) => d.findings.filter((f) => f.severity !== 'info').length >= 10,
      120,
    );
  });
  afterAll(async () => {
    source.close();
    await kubectl('delete', 'namespace', namespace, '--wait=false');
  });

  /** What our program asked of the API server while `work` ran. */
  const witnessed = async (work: () => Promise<unknown>): Promise<readonly AuditEvent[]> => {
    const file = auditLog ?? '';
    const before = statSync(file).size;
    await work();
    // The log is written behind the answers.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return readFileSync(file)
      .subarray(before)
      .toString()
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as AuditEvent)
      .filter((e) => e.userAgent?.startsWith('aiops') === true);
  };

  it('asks a few things about one pod, for each of ten faults', async () => {
    const pods = (await kubectl('get', 'pods', '-n', namespace, '-o', 'name'))
      .split('\n')
      .map((name) => name.slice('pod/'.length));
    expect(pods.length).toBeGreaterThanOrEqual(10);
    for (const name of pods) {
      const requests = await witnessed(() =>
        diagnoseKit(source, { namespace, target: { kind: 'Pod', namespace, name } }),
      );
      // A log that names a Service brings the lists of that Service's namespace, still one a kind.
      expect(requests.length, requests.map((r) => r.requestURI).join('\n')).toBeLessThanOrEqual(20);
      expect(
        requests.filter((r) => /\/pods\/[^/?]+$/.test(r.requestURI.split('?')[0] ?? '')).length,
      ).toBeLessThanOrEqual(2);
    }
  });

  it('asks one list a kind for a namespace, and the logs of failing containers', async () => {
    const requests = await witnessed(() => diagnoseKit(source, { namespace }));
    const logs = requests.filter((r) => r.requestURI.includes('/log?'));
    expect(logs.length).toBeLessThanOrEqual(2 * MAX_LOG_READS);
    // Discovery of version and identity, and all pods once more to know how much room the nodes have.
    expect(requests.length - logs.length).toBeLessThanOrEqual(kindsRead.length + 4);
    expect(requests.length).toBeGreaterThan(20);
  });

  it('changes nothing', async () => {
    const requests = await witnessed(() => diagnoseKit(source, {}));
    expect(new Set(requests.map((r) => r.verb))).toEqual(new Set(['list', 'get']));
  });
});
