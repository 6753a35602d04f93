import { describe, expect, it } from 'vitest';
import { refusalOf } from '../../../../src/diagnosis/rules/image/pulls.ts';
import { isMutable, parseImage, repositoryOf, shortImage } from '../../../../src/diagnosis/rules/image/reference.ts';

describe('an image reference', () => {
  it.each([
    ['nginx', 'docker.io', 'library/nginx', undefined, undefined],
    ['shop/web:1.4', 'docker.io', 'shop/web', '1.4', undefined],
    ['localhost/web', 'localhost', 'web', undefined, undefined],
    ['localhost:5000/app', 'localhost:5000', 'app', undefined, undefined],
    ['reg.example:5000/shop/web@sha256:00', 'reg.example:5000', 'shop/web', undefined, 'sha256:00'],
    ['ghcr.io/shop/web:2@sha256:00', 'ghcr.io', 'shop/web', '2', 'sha256:00'],
  ])('%s is taken apart', (text, host, path, tag, digest) => {
    expect(parseImage(text)).toMatchObject({ host, path });
    expect(parseImage(text).tag).toBe(tag);
    expect(parseImage(text).digest).toBe(digest);
  });

  it('has a fixed version only with a digest or a tag other than latest', () => {
    expect(isMutable('localhost:5000/app')).toBe(true);
    expect(isMutable('nginx:latest')).toBe(true);
    expect(isMutable('app@sha256:00')).toBe(false);
    expect(isMutable('reg.example:5000/app:1')).toBe(false);
  });

  it('is the same repository however Docker Hub is written', () => {
    expect(repositoryOf('nginx:1')).toBe(repositoryOf('docker.io/library/nginx:2'));
  });

  it('keeps its last part where it is too long for a title', () => {
    expect(shortImage('registry.example.com/platform/team/checkout-service:1.4.2')).toBe('…/checkout-service:1.4.2');
  });
});

/** Texts of containerd, CRI-O and Docker, and of the registries that people use. */
describe('a refused pull is told by its text', () => {
  const containerd = (rest: string, image = 'docker.io/shop/web:1') =>
    `Back-off pulling image "${image}": ErrImagePull: failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${rest}`;
  it.each([
    ['image/not-found', containerd('docker.io/shop/web:1: not found')],
    ['image/not-found', 'reading manifest 1 in docker.io/shop/web: manifest unknown'],
    ['image/not-found', 'Error response from daemon: manifest for shop/web:1 not found: manifest unknown'],
    [
      'image/unauthorized',
      containerd(
        'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
      ),
    ],
    [
      'image/unauthorized',
      containerd(
        'failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Ashop%2Fweb%3Apull&service=ghcr.io: 403 Forbidden',
      ),
    ],
    [
      'image/unauthorized',
      containerd(
        'pulling from host 123456789012.dkr.ecr.eu-west-1.amazonaws.com failed with status code [manifests 1]: 401 Unauthorized',
      ),
    ],
    ['image/unauthorized', containerd('unexpected status from HEAD request to https://quay.io/v2/: 401 UNAUTHORIZED')],
    [
      'image/unauthorized',
      'Get https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/web/manifests/1: no basic auth credentials',
    ],
    [
      'image/unauthorized',
      'initializing source docker://shop/web:1: reading manifest 1 in docker.io/shop/web: errors: denied: requested access to the resource is denied',
    ],
    [
      'image/rate-limited',
      'failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/busybox/manifests/sha256:00: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.',
    ],
    ['image/rate-limited', 'pull QPS exceeded'],
    [
      'image/registry-dns',
      containerd('failed to do request: Head "https://reg/v2/": dial tcp: lookup reg on 10.0.0.2:53: no such host'),
    ],
    [
      'image/registry-dns',
      'pinging container registry reg.example: Get "https://reg.example/v2/": dial tcp: lookup reg.example on 10.0.0.2:53: read udp: i/o timeout',
    ],
    [
      'image/registry-unreachable',
      containerd(
        'failed to do request: Head "http://localhost/v2/": dial tcp 127.0.0.1:80: connect: connection refused',
      ),
    ],
    [
      'image/registry-unreachable',
      containerd('failed to do request: Head "https://r/v2/": dial tcp 10.0.0.9:443: i/o timeout'),
    ],
    [
      'image/registry-unreachable',
      containerd('failed to do request: Head "https://r/v2/": net/http: TLS handshake timeout'),
    ],
    [
      'image/registry-unreachable',
      containerd('unexpected status from HEAD request to https://r/v2/: 503 Service Unavailable'),
    ],
    [
      'image/registry-tls',
      containerd(
        'failed to do request: Head "https://10.96.0.1:443/v2/": x509: certificate signed by unknown authority',
      ),
    ],
    [
      'image/registry-tls',
      containerd('failed to do request: Head "https://r/v2/": http: server gave HTTP response to HTTPS client'),
    ],
    [
      'image/platform-mismatch',
      'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/shop/web:1": no match for platform in manifest: not found',
    ],
    [
      'image/platform-mismatch',
      'choosing image instance: no image found in manifest list for architecture arm64, variant "v8", OS linux',
    ],
    ['image/no-space', 'failed to extract layer sha256:00: write /var/lib/x: no space left on device'],
    ['image/signature-rejected', 'Source image rejected: signature validation failed'],
    ['image/pull-failed', 'layer has an unknown media type'],
  ])('%s', (id, text) => {
    expect(refusalOf(text, 'docker.io/shop/web:1')).toBe(id);
  });

  it('is not misled by words in the name of the image', () => {
    const image = 'reg.example/unauthorized/eof-not-found:1.503 ';
    expect(refusalOf(containerd(`${image}: the layers are broken`, image), image)).toBe('image/pull-failed');
  });
});
