import { describe, expect, it } from 'vitest';
import {
  noSpace,
  notFound,
  platformMismatch,
  pullFailed,
  rateLimited,
  signatureRejected,
  unauthorized,
} from '../../../../src/diagnosis/rules/image/refused.ts';
import { registryDns, registryTls, registryUnreachable } from '../../../../src/diagnosis/rules/image/registry.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const IMAGE = 'localhost:5781/shop/web:1.4.2';

const failing = (said: string, fields: Fields = {}) =>
  pod('web-1', {
    'status.phase': 'Pending',
    'metadata.creationTimestamp': 'now-5m',
    'spec.containers[web].image': IMAGE,
    'spec.containers[web].imagePullPolicy': 'IfNotPresent',
    'status.containerStatuses[web].state.waiting.reason': 'ImagePullBackOff',
    'status.containerStatuses[web].state.waiting.message': `Back-off pulling image "${IMAGE}": ErrImagePull: failed to pull and unpack image "${IMAGE}": failed to resolve reference "${IMAGE}": ${said}`,
    ...fields,
  });

const absent = `${IMAGE}: not found`;

/** A Deployment whose newest revision asks for an image that cannot be had. */
function release(wanted: string, earlier: string, broken: ReturnType<typeof failing>) {
  const deployment = object('Deployment', 'web');
  const revision = (n: number, image: string) =>
    owned(
      object('ReplicaSet', `web-${n}`, {
        'metadata.annotations[deployment.kubernetes.io/revision]': String(n),
        'spec.template.spec.containers[web].image': image,
      }),
      deployment,
    );
  const [old, current] = [revision(1, earlier), revision(2, wanted)];
  return [deployment, old, current, owned(broken, current)] as const;
}

describe('image/not-found', () => {
  it('says which image does not exist, in the words of the registry', () => {
    const [finding, ...more] = check(notFound, [failing(absent)]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      container: 'web',
      causeKey: IMAGE,
      title: `Image ${IMAGE} of web-1 does not exist in its registry`,
    });
    expect(finding?.evidence[0]?.value).toContain(absent);
    expect(finding?.fix).toBeUndefined();
  });

  it('offers the image of the earlier revision as a typed change of the Deployment', () => {
    const [finding] = check(notFound, release(IMAGE, 'localhost:5781/shop/web:1.4.1', failing(absent)));
    expect(finding?.cause).toContain('localhost:5781/shop/web:1.4.1');
    expect(finding?.fix).toEqual({
      verb: 'set-image',
      target: expect.objectContaining({ kind: 'Deployment', name: 'web' }) as unknown,
      path: '.spec.template.spec.containers[?(@.name=="web")].image',
      value: 'localhost:5781/shop/web:1.4.1',
    });
    expect(finding?.remediation[0].command).toBe(
      'kubectl set image deployment/web -n shop web=localhost:5781/shop/web:1.4.1',
    );
    expect(finding?.evidence.some((e) => e.object.name === 'web-1' && e.value.endsWith(':1.4.1'))).toBe(true);
  });

  it('does not offer an earlier image that cannot be pulled either', () => {
    const other = pod('other-1', {
      ...Object.fromEntries(
        Object.entries({
          'spec.containers[web].image': 'localhost:5781/shop/web:1.4.1',
          'status.containerStatuses[web].state.waiting.reason': 'ErrImagePull',
          'status.containerStatuses[web].state.waiting.message': 'localhost:5781/shop/web:1.4.1: not found',
        }),
      ),
    });
    const findings = check(notFound, [...release(IMAGE, 'localhost:5781/shop/web:1.4.1', failing(absent)), other]);
    expect(findings.find((f) => f.subject.name === 'web-1')?.fix).toBeUndefined();
  });

  it('names the nearest image that runs: another tag of the repository, or a name like it', () => {
    const sibling = pod('api-1', { 'spec.containers[api].image': 'localhost:5781/shop/web:1.4.3' });
    expect(check(notFound, [failing(absent), sibling])[0]?.cause).toContain('localhost:5781/shop/web:1.4.3');
    const misspelt = failing('docker.io/library/ngnix:1.27: not found', {
      'spec.containers[web].image': 'ngnix:1.27',
    });
    const nginx = pod('edge-1', { 'spec.containers[edge].image': 'nginx:1.27' });
    const [finding] = check(notFound, [misspelt, nginx]);
    expect(finding?.cause).toContain('The nearest image that runs is nginx:1.27');
    expect(finding?.fix).toBeUndefined();
  });

  it('reads the event where an older kubelet gives no cause with its back-off', () => {
    const old = failing('', {
      'status.containerStatuses[web].state.waiting.message': `Back-off pulling image "${IMAGE}"`,
    });
    const failed = eventOn(
      old,
      'Failed',
      `Failed to pull image "${IMAGE}": rpc error: code = NotFound desc = ${absent}`,
    );
    const [finding] = check(notFound, [old, failed]);
    expect(finding?.evidence[0]).toMatchObject({ what: 'event Failed' });
  });

  it('leaves a refused image to unauthorized, since registries hide what does not exist', () => {
    const denied = failing('pull access denied, repository does not exist or may require authorization');
    expect(check(notFound, [denied])).toEqual([]);
    expect(check(unauthorized, [denied])).toHaveLength(1);
  });

  it('waits for the second try', () => {
    expect(check(notFound, [failing(absent, { 'metadata.creationTimestamp': 'now-10s' })])).toEqual([]);
  });
});

describe('image/unauthorized', () => {
  const refused = 'pulling from host localhost:5781 failed with status code [manifests 1.4.2]: 401 Unauthorized';

  it('says that the pod has no pull secret', () => {
    const [finding] = check(unauthorized, [failing(refused)]);
    expect(finding?.title).toBe(`Registry localhost:5781 refuses ${IMAGE} of web-1: no pull secret`);
  });

  it('names the pull secrets that do not help', () => {
    const [finding] = check(unauthorized, [
      failing(refused, { 'spec.imagePullSecrets': [{ name: 'registry-login' }] }),
    ]);
    expect(finding?.cause).toContain('registry-login');
    expect(finding?.evidence.map((e) => e.value)).toContain('registry-login');
  });

  it('is silent for a limit of pulls', () => {
    expect(check(unauthorized, [failing('429 Too Many Requests')])).toEqual([]);
  });
});

describe('image/rate-limited', () => {
  it('tells the limit of the registry from that of the kubelet', () => {
    const [registry] = check(rateLimited, [
      failing('failed with status code [manifests 1.4.2]: 429 Too Many Requests'),
    ]);
    expect(registry?.title).toContain('Registry localhost:5781 limits pulls');
    const [kubelet] = check(rateLimited, [
      failing('', { 'status.containerStatuses[web].state.waiting.message': 'pull QPS exceeded' }),
    ]);
    expect(kubelet?.title).toContain('The kubelet holds back the image of web-1');
  });

  it('is silent for a registry that wants credentials', () => {
    expect(check(rateLimited, [failing('401 Unauthorized')])).toEqual([]);
  });
});

describe('image/registry-dns', () => {
  const unknownHost =
    'failed to do request: Head "https://r/v2/": dial tcp: lookup reg.exmple.com on 10.0.0.2:53: no such host';

  it('names the host and one like it from which something runs', () => {
    const broken = failing(unknownHost, { 'spec.containers[web].image': 'reg.exmple.com/web:1' });
    const sibling = pod('api-1', { 'spec.containers[api].image': 'reg.example.com/api:1' });
    const [finding] = check(registryDns, [broken, sibling]);
    expect(finding).toMatchObject({
      causeKey: 'reg.exmple.com',
      title: 'Registry name reg.exmple.com cannot be resolved (image of web-1)',
    });
    expect(finding?.cause).toContain('reg.example.com');
  });

  it('is silent when the host is known and does not answer', () => {
    const refused = failing('dial tcp 10.0.0.9:443: connect: connection refused');
    expect(check(registryDns, [refused])).toEqual([]);
    expect(check(registryUnreachable, [failing(unknownHost)])).toEqual([]);
    expect(check(registryUnreachable, [refused])[0]?.title).toBe(
      'Registry localhost:5781 does not answer the node of web-1: connection refused',
    );
  });
});

describe('image/registry-tls', () => {
  it('says what is wrong with the certificate', () => {
    const [finding] = check(registryTls, [
      failing('failed to do request: Head "https://r/v2/": x509: certificate signed by unknown authority'),
    ]);
    expect(finding?.title).toBe(
      'Registry localhost:5781 of web-1 is not trusted: certificate signed by unknown authority',
    );
  });

  it('knows a registry without TLS', () => {
    const [finding] = check(registryTls, [failing('http: server gave HTTP response to HTTPS client')]);
    expect(finding?.cause).toContain('plain HTTP');
  });

  it('is silent for a handshake that times out', () => {
    expect(check(registryTls, [failing('net/http: TLS handshake timeout')])).toEqual([]);
  });
});

describe('image/platform-mismatch', () => {
  it('names the platform of the node, and is not taken for a missing image', () => {
    const node = object('Node', 'node-1', { 'status.nodeInfo.operatingSystem': 'linux' });
    const broken = failing('no match for platform in manifest: not found');
    expect(check(platformMismatch, [broken, node])[0]?.title).toBe(
      `Image ${IMAGE} of web-1 has no variant for linux/amd64`,
    );
    expect(check(notFound, [broken, node])).toEqual([]);
  });
});

describe('image/no-space', () => {
  it('points at the node', () => {
    const [finding] = check(noSpace, [failing('write /var/lib/x: no space left on device')]);
    expect(finding).toMatchObject({ causeKey: 'node-1', causedBy: [{ kind: 'Node', name: 'node-1' }] });
  });

  it('is silent for a full volume of a running container', () => {
    const full = pod('web-1');
    expect(check(noSpace, [full, eventOn(full, 'Failed', 'Error: no space left on device')])).toEqual([]);
  });
});

describe('image/signature-rejected', () => {
  it('is told by the reason alone', () => {
    const broken = failing('', {
      'status.containerStatuses[web].state.waiting.reason': 'SignatureValidationFailed',
      'status.containerStatuses[web].state.waiting.message': 'Source image rejected',
    });
    expect(check(signatureRejected, [broken])).toHaveLength(1);
    expect(check(pullFailed, [broken])).toEqual([]);
  });
});

describe('image/pull-failed', () => {
  it('quotes what no other rule knows, and gives the hint for images that were built locally', () => {
    const [finding] = check(pullFailed, [failing('layer has an unknown media type')]);
    expect(finding?.title).toContain('cannot be pulled: layer has an unknown media type');
    expect(finding?.remediation.map((s) => s.text).join()).toContain('eval $(minikube docker-env)');
  });

  it('is silent while a pod still pulls, and when another rule knows the cause', () => {
    const pulling = pod('web-1', { 'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating' });
    expect(check(pullFailed, [pulling, eventOn(pulling, 'Pulling', `Pulling image "${IMAGE}"`)])).toEqual([]);
    expect(check(pullFailed, [failing(absent)])).toEqual([]);
  });
});

it('every failing pull of an image gives the hint for images that were built locally', () => {
  for (const [rule, text] of [
    [notFound, absent],
    [unauthorized, '401 Unauthorized'],
    [registryDns, 'lookup r on 10.0.0.2:53: no such host'],
    [registryUnreachable, 'connection refused'],
  ] as const)
    expect(
      check(rule, [failing(text)])[0]
        ?.remediation.map((s) => s.text)
        .join(),
    ).toContain('minikube docker-env');
});

it('keeps titles of long names within 90 characters', () => {
  const image = `registry.example.com/${'platform/'.repeat(12)}checkout:2026.6.1`;
  const broken = failing('not found', { 'spec.containers[web].image': image });
  expect(check(notFound, [broken])[0]?.title.length).toBeLessThanOrEqual(90);
});
