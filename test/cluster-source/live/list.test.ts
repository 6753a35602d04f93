import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, connect, failure, json, names, podList, serve, status } from './support/server.ts';

afterEach(cleanUp);

const continueOf = (url: string) => new URL(url, 'https://x').searchParams.get('continue');
const limitOf = (url: string) => new URL(url, 'https://x').searchParams.get('limit');

describe('a list', () => {
  it('is read page by page to its end', async () => {
    const server = await serve((request, response) => {
      const page = continueOf(request.url);
      if (page === null) json(response, podList(['a', 'b'], 'to/ken+1='));
      else if (page === 'to/ken+1=') json(response, podList(['c'], 't2'));
      else json(response, podList(['d']));
    });
    const counted: number[] = [];
    const source = await connect(
      server.url,
      {},
      { onRead: (kind, objects) => counted.push(kind === 'Pod' ? objects : -1) },
    );
    expect(await names(source)).toEqual(['a', 'b', 'c', 'd']);
    expect(server.seen.map((r) => limitOf(r.url))).toEqual(['500', '500', '500']);
    expect(counted).toEqual([2, 3, 4]);
  });

  it('of a namespace with selectors asks for exactly that', async () => {
    const server = await serve((_request, response) => {
      json(response, podList([]));
    });
    const source = await connect(server.url);
    const scope = { namespace: 'shop', labelSelector: 'app in (a,b)', fieldSelector: 'spec.nodeName=n-1' };
    for await (const page of source.list('Pod', scope)) expect(page).toEqual([]);
    const url = new URL(server.seen[0]!.url, 'https://x');
    expect(url.pathname).toBe('/api/v1/namespaces/shop/pods');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      limit: '500',
      labelSelector: 'app in (a,b)',
      fieldSelector: 'spec.nodeName=n-1',
    });
  });

  it('that the server writes as null is empty', async () => {
    const server = await serve((_request, response) => {
      json(response, { kind: 'PodList', metadata: {}, items: null });
    });
    expect(await names(await connect(server.url))).toEqual([]);
  });

  it('that the server forgets half way is read anew, and what came before is thrown away', async () => {
    let relists = 0;
    const server = await serve((request, response) => {
      if (continueOf(request.url) === null)
        json(response, relists++ === 0 ? podList(['old'], 'stale') : podList(['new'], 'fresh'));
      else if (continueOf(request.url) === 'stale')
        status(response, 410, 'The provided continue parameter is too old', { metadata: { continue: 'inconsistent' } });
      else json(response, podList(['last']));
    });
    expect(await names(await connect(server.url))).toEqual(['new', 'last']);
    expect(server.seen.map((r) => continueOf(r.url))).not.toContain('inconsistent');
  });

  it('that the server forgets again and again is given up after three new beginnings', async () => {
    const server = await serve((request, response) => {
      if (continueOf(request.url) === null) json(response, podList(['a'], 'token'));
      else status(response, 410, 'The provided continue parameter is too old');
    });
    expect(await failure(names(await connect(server.url)))).toMatchObject({ reason: 'failed', status: 410 });
    expect(server.seen.filter((r) => continueOf(r.url) === null)).toHaveLength(4);
  });

  it('that breaks off in a later page is no list at all', async () => {
    const server = await serve((request, response) => {
      if (continueOf(request.url) === null) json(response, podList(['a'], 'token'));
      else status(response, 403, 'no longer');
    });
    const source = await connect(server.url);
    const pages: unknown[] = [];
    const error = await failure(
      (async () => {
        for await (const page of source.list('Pod', {})) pages.push(page);
      })(),
    );
    expect(error).toMatchObject({ reason: 'forbidden', status: 403 });
    expect(pages).toEqual([]);
  });

  it('of large objects is read in smaller pages', async () => {
    const server = await serve((request, response) => {
      const size = Number(limitOf(request.url));
      const page = continueOf(request.url);
      const padding = 'x'.repeat(size * 1000);
      json(response, {
        ...podList([page === null ? 'first' : 'second'], page === null ? 'token' : undefined),
        padding,
      });
    });
    const source = await connect(server.url, {}, { tuning: { maxBytes: 100_000 } });
    expect(await names(source)).toEqual(['first', 'second']);
    expect(server.seen.map((r) => `${limitOf(r.url)} ${continueOf(r.url)}`)).toEqual([
      '500 null',
      '50 null',
      '50 token',
    ]);
  });

  it('whose objects are too large one by one is refused', async () => {
    const server = await serve((_request, response) => {
      json(response, { ...podList(['a']), padding: 'x'.repeat(2000) });
    });
    const source = await connect(server.url, {}, { tuning: { maxBytes: 1000 } });
    expect((await failure(names(source))).message).toContain('the answer is larger than');
    expect(server.seen.map((r) => limitOf(r.url))).toEqual(['500', '50', '5', '1']);
  });
});

describe('what is not there', () => {
  it('is told apart: an object, an API that is not installed, one that is down', async () => {
    const server = await serve((request, response) => {
      if (request.url.includes('/pods/gone'))
        status(response, 404, 'pods "gone" not found', { reason: 'NotFound', details: { name: 'gone', kind: 'pods' } });
      else if (request.url.includes('policy')) {
        response.writeHead(404, { 'content-type': 'text/plain' });
        response.end('404 page not found\n');
      } else if (request.url.includes('ingresses'))
        status(response, 404, 'the server could not find the requested resource', { reason: 'NotFound', details: {} });
      else {
        response.writeHead(503, { 'content-type': 'text/plain' });
        response.end('service unavailable\n');
      }
    });
    const source = await connect(server.url);
    expect(await source.get('Pod', 'shop', 'gone')).toBeUndefined();
    expect(await failure(source.get('PodDisruptionBudget', 'shop', 'b'))).toMatchObject({
      reason: 'absent',
      status: 404,
    });
    expect(await failure(source.get('Ingress', 'shop', 'i'))).toMatchObject({ reason: 'absent', status: 404 });
    const down = await failure(source.get('PodMetrics', 'shop', 'web'));
    expect(down).toMatchObject({ reason: 'unavailable', status: 503 });
    expect(down.message).toBe('get podmetrics web in shop: 503 Service Unavailable: service unavailable');
    // An aggregated API that is down stays so: it is asked twice, not four times.
    expect(server.seen.filter((r) => r.url.includes('metrics.k8s.io'))).toHaveLength(2);
  });
});
