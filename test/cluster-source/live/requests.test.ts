import { afterEach, describe, expect, it } from 'vitest';
import { gzipSync } from 'node:zlib';
import { Transport } from '../../../src/cluster/live/transport.ts';
import * as certs from './support/certificates.ts';
import { base64, cleanUp, connect, failure, json, names, podList, serve, status } from './support/server.ts';

afterEach(cleanUp);

describe('what is sent', () => {
  it('is GET and the two reviews, whatever is called', async () => {
    const server = await serve((request, response) => {
      if (request.url.includes('/log')) response.end('line\n');
      else json(response, request.method === 'POST' ? { status: { allowed: true } } : podList([]));
    });
    const source = await connect(server.url);
    await names(source);
    await source.logs(
      { namespace: 'shop', pod: 'web', container: 'c' },
      { previous: true, maxLines: 5, maxBytes: 500 },
    );
    await source.get('Secret', 'shop', 'keys').catch(() => undefined);
    expect(await source.can('list', '', 'pods', undefined, 'shop')).toBe(true);
    await source.rules('shop');
    await source.identify();
    const posts = server.seen.filter((r) => r.method !== 'GET');
    expect(posts.map((r) => `${r.method} ${r.url}`)).toEqual([
      'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      'POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    ]);
    expect(JSON.parse(posts[0]!.body)).toEqual({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb: 'list', group: '', resource: 'pods', namespace: 'shop' } },
    });
  });

  it('cannot be anything else: the client has no method for it and refuses an unknown review', () => {
    const methods = Object.getOwnPropertyNames(Transport.prototype).filter((name) => /^(get|review|close)$/.test(name));
    expect(methods).toEqual(['get', 'review', 'close']);
    const review = Reflect.get(Transport.prototype, 'review') as (name: string, spec: object) => unknown;
    expect(() => review.call({}, 'tokenreviews', {})).toThrow('has no request for tokenreviews');
  });

  it.each(['..', '.', '', 'a/b', 'a%2fb', 'a?b', 'a b', 'x'.repeat(300)])(
    'never has the name %j in its path',
    async (name) => {
      const server = await serve((_request, response) => {
        json(response, {});
      });
      const source = await connect(server.url);
      const error = await failure(source.get('Pod', 'shop', name));
      expect(error.message).toContain('cannot be the name of an object');
      const log = { previous: false, maxLines: 1, maxBytes: 1 };
      expect((await failure(source.logs({ namespace: name, pod: 'a', container: 'c' }, log))).message).toContain(
        'cannot be the namespace',
      );
      expect(server.seen).toEqual([]);
    },
  );

  it('asks for the metadata of Secrets only, in lists and by name', async () => {
    const server = await serve((_request, response) => {
      json(response, { kind: 'PartialObjectMetadata', metadata: { name: 'keys', namespace: 'shop' }, items: [] });
    });
    const source = await connect(server.url);
    for await (const page of source.list('Secret', {})) expect(page).toEqual([]);
    expect((await source.get('Secret', 'shop', 'keys'))?.kind).toBe('Secret');
    expect(server.seen.map((r) => r.headers.accept)).toEqual([
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
      'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    ]);
  });

  it('carries the bearer token and the impersonation of the kubeconfig', async () => {
    const server = await serve((_request, response) => {
      json(response, podList([]));
    });
    const user = { token: 'abc', as: 'reader', 'as-groups': ['g1', 'g2'], 'as-user-extra': { scope: ['x'] } };
    await names(await connect(server.url, { user }));
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: 'Bearer abc',
      'impersonate-user': 'reader',
      'impersonate-group': 'g1, g2',
      'impersonate-extra-scope': 'x',
    });
  });

  it('shows the client certificate', async () => {
    const seenNames: string[] = [];
    const server = await serve(
      (_request, response) => {
        const socket = response.socket as import('node:tls').TLSSocket;
        seenNames.push(String(socket.getPeerCertificate().subject.CN));
        json(response, podList([]));
      },
      { ...certs.server, ca: certs.ca.cert, requestCert: true, rejectUnauthorized: true },
    );
    const user = {
      'client-certificate-data': base64(certs.client.cert),
      'client-key-data': base64(certs.client.key),
    };
    await names(await connect(server.url, { user }));
    expect(seenNames).toEqual(['client']);
  });

  it('goes below the path of a server behind a gateway', async () => {
    const server = await serve((_request, response) => {
      json(response, podList([]));
    });
    await names(await connect(`${server.url}/k8s/clusters/c-1/`));
    expect(server.seen[0]?.url).toMatch(/^\/k8s\/clusters\/c-1\/api\/v1\/pods\?/);
  });
});

describe('a read that fails for a moment', () => {
  it.each([429, 500, 502, 503, 504])('is done again after %i', async (code) => {
    const server = await serve((_request, response, nth) => {
      if (nth < 4) status(response, code, 'busy');
      else json(response, podList(['web']));
    });
    expect(await names(await connect(server.url))).toEqual(['web']);
    expect(server.seen).toHaveLength(4);
  });

  it('is done again after a connection that broke before or within the answer', async () => {
    const server = await serve((_request, response, nth) => {
      if (nth === 1) response.socket?.destroy();
      else if (nth === 2) {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"items":[');
        setTimeout(() => response.socket?.destroy(), 20);
      } else json(response, podList(['web']));
    });
    expect(await names(await connect(server.url))).toEqual(['web']);
    expect(server.seen).toHaveLength(3);
  });

  it('is given up after four tries, with the status and the words of the server', async () => {
    const server = await serve((_request, response) => {
      status(response, 500, 'etcdserver: leader changed');
    });
    const error = await failure(names(await connect(server.url)));
    expect(error).toMatchObject({ name: 'ReadFailure', reason: 'failed', status: 500 });
    expect(error.message).toBe('list pods in all namespaces: 500 Internal Server Error: etcdserver: leader changed');
    expect(server.seen).toHaveLength(4);
  });

  it('waits as long as the server asks', async () => {
    const times: number[] = [];
    const server = await serve((_request, response, nth) => {
      times.push(performance.now());
      if (nth === 1) status(response, 429, 'slow down', {}, { 'retry-after': '1' });
      else json(response, podList(['web']));
    });
    expect(await names(await connect(server.url))).toEqual(['web']);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('is given up at once when the server asks for more time than there is', async () => {
    const server = await serve((_request, response) => {
      status(response, 503, 'come back later', {}, { 'retry-after': '3600' });
    });
    const error = await failure(names(await connect(server.url)));
    expect(error).toMatchObject({ reason: 'unavailable', status: 503 });
    expect(server.seen).toHaveLength(1);
  });

  it('is not repeated when the server says no', async () => {
    const server = await serve((_request, response) => {
      status(response, 403, 'pods is forbidden: User "x" cannot list resource "pods"');
    });
    const error = await failure(names(await connect(server.url)));
    expect(error).toMatchObject({ reason: 'forbidden', status: 403 });
    expect(error.message).toContain('User "x" cannot list resource "pods"');
    expect(server.seen).toHaveLength(1);
  });
});

describe('deadlines', () => {
  const silent = () => undefined;

  it('end a read whose server accepts the request and says nothing', async () => {
    const server = await serve(silent);
    const source = await connect(server.url, {}, { tuning: { firstByteMs: 50 } });
    const error = await failure(names(source));
    expect(error.message).toMatch(/accepted the request, but no answer within 0\.1 s/);
    expect(server.seen).toHaveLength(1);
  });

  it('end a read whose answer stops half way: half a list is no list', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(JSON.stringify(podList(['web'])).slice(0, 60));
    });
    const source = await connect(server.url, {}, { tuning: { silenceMs: 50 } });
    expect((await failure(names(source))).message).toContain('the answer stopped and did not go on');
  });

  it('end a read that trickles in for ever', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => {
        clearInterval(timer);
      });
    });
    const source = await connect(server.url, {}, { tuning: { callMs: 100 } });
    expect((await failure(names(source))).message).toBe('list pods in all namespaces: not finished within 0.1 s');
  });

  it('end the waiting between tries', async () => {
    const server = await serve((_request, response) => {
      status(response, 503, 'down');
    });
    const source = await connect(server.url, {}, { tuning: { callMs: 200, firstWaitMs: 100_000 } });
    expect(await failure(names(source))).toMatchObject({ reason: 'unavailable' });
  });

  it('of the run end what is under way and what comes later', async () => {
    const server = await serve(silent);
    const source = await connect(server.url, {}, { timeoutMs: 50 });
    expect((await failure(names(source))).message).toContain('the time for this run (0.1 s) is over');
    expect((await failure(names(source))).message).toContain('is over');
  });

  it('are not waited for after close', async () => {
    const server = await serve(silent);
    const source = await connect(server.url);
    const reading = failure(names(source));
    source.close();
    expect((await reading).message).toContain('was closed');
    expect((await failure(source.get('Pod', 'shop', 'web'))).message).toContain('was closed');
  });
});

describe('an answer', () => {
  it('larger than the cap is refused', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200);
      response.end(Buffer.alloc(300_000, 0x20));
    });
    const source = await connect(server.url, {}, { tuning: { maxBytes: 100_000 } });
    expect((await failure(source.get('Pod', 'shop', 'web'))).message).toBe(
      'get pod web in shop: the answer is larger than 0.1 MiB',
    );
  });

  it('that is a bomb when unpacked is refused as well', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync(Buffer.alloc(5_000_000, 0x20)));
    });
    const source = await connect(server.url, {}, { tuning: { maxBytes: 100_000 } });
    expect((await failure(source.get('Pod', 'shop', 'web'))).message).toContain('larger than 0.1 MiB');
  });

  it('is unpacked where the server compresses', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify(podList(['web']))));
    });
    expect(await names(await connect(server.url))).toEqual(['web']);
    // Nothing is gained by it on the same machine.
    expect(server.seen[0]?.headers['accept-encoding']).toBeUndefined();
  });

  it('nested too deep is refused before it is parsed', async () => {
    const deep = (levels: number) => `{"items":[],"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    const server = await serve((request, response) => {
      response.end(deep(request.url.includes('shop') ? 63 : 64));
    });
    const source = await connect(server.url);
    expect(await names(source, 'shop')).toEqual([]);
    expect((await failure(names(source))).message).toContain('nested deeper than 64 levels');
  });

  it('that sends elsewhere is not followed: the credential stays here', async () => {
    const thief = await serve((_request, response) => {
      json(response, podList(['web']));
    });
    const server = await serve((_request, response) => {
      response.writeHead(307, { location: `${thief.url}/api/v1/pods` });
      response.end();
    });
    const error = await failure(names(await connect(server.url)));
    expect(error.name).toBe('ReadFailure');
    expect(error.message).toContain(`307 Temporary Redirect: ${server.url} sends elsewhere (${thief.url}/api/v1/pods)`);
    expect(thief.seen).toEqual([]);
  });

  it('that is a web page is told as one', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html><title>Log in</title></html>');
    });
    expect((await failure(names(await connect(server.url)))).message).toContain('the answer is not JSON (text/html)');
  });

  it('shows nothing that could move a cursor, and no secret', async () => {
    const server = await serve((_request, response) => {
      status(response, 400, 'bad \u001b[2J password=hunter2hunter2');
    });
    const { message } = await failure(names(await connect(server.url)));
    expect(message).toContain('bad \\u{1b}[2J password=‹redacted');
    expect(message).not.toContain('hunter2');
  });

  it('for another object than the one asked for is no answer', async () => {
    const server = await serve((_request, response) => {
      json(response, { kind: 'Pod', metadata: { name: 'other', namespace: 'shop' } });
    });
    expect((await failure((await connect(server.url)).get('Pod', 'shop', 'web'))).message).toContain('another object');
  });
});

describe('many reads at once', () => {
  it('are at most eight requests at a time', async () => {
    let open = 0;
    let most = 0;
    const server = await serve((_request, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        json(response, podList([]));
      }, 20);
    });
    const source = await connect(server.url);
    await Promise.all(Array.from({ length: 30 }, () => names(source)));
    expect(most).toBe(8);
    expect(server.seen).toHaveLength(30);
  });

  it('all fail when the first finds nobody there', async () => {
    const server = await serve(() => undefined);
    await server.close();
    const source = await connect(server.url);
    const errors = await Promise.all(Array.from({ length: 30 }, () => failure(names(source))));
    expect(new Set(errors.map((e) => e.message)).size).toBe(1);
  });
});

describe('the clock', () => {
  it('is that of the server', async () => {
    const server = await serve((_request, response) => {
      json(response, podList([]), 200, { date: 'Mon, 02 Jan 2040 03:04:05 GMT' });
    });
    const source = await connect(server.url);
    await names(source);
    expect(new Date(source.now()).toISOString()).toMatch(/^2040-01-02T03:04/);
  });

  it('is ours as long as they agree', async () => {
    const server = await serve((_request, response) => {
      json(response, podList([]));
    });
    const source = await connect(server.url);
    await names(source);
    expect(Math.abs(source.now() - Date.now())).toBeLessThan(2000);
  });
});

describe('the identity', () => {
  const handler = (uid: boolean) =>
    serve((request, response) => {
      if (request.url === '/version') json(response, { gitVersion: 'v1.34.4' });
      else if (uid) json(response, { kind: 'Namespace', metadata: { name: 'kube-system', uid: 'u-1' } });
      else status(response, 403, 'no');
    });

  it('is the context and server at once, version and UID when they are asked for', async () => {
    const server = await handler(true);
    const source = await connect(server.url);
    expect(source.identity).toEqual({ name: 'test', server: server.url, recorded: false });
    expect(server.seen).toEqual([]);
    await Promise.all([source.identify(), source.identify()]);
    expect(source.identity).toEqual({
      name: 'test',
      server: server.url,
      recorded: false,
      version: 'v1.34.4',
      uid: 'u-1',
    });
    expect(server.seen).toHaveLength(2);
  });

  it('does without what may not be read', async () => {
    const source = await connect((await handler(false)).url);
    expect(await source.identify()).toMatchObject({ version: 'v1.34.4' });
    expect(source.identity.uid).toBeUndefined();
  });
});
