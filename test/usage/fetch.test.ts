import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  fetchPrometheus,
  prometheusAccess,
  usageScope,
  UsageFailure,
  type PrometheusOptions,
} from '../../src/usage/index.ts';
import type { KubeObject } from '../../src/domain/index.ts';
import { ca, server } from '../cluster-source/live/support/certificates.ts';
import {
  failure,
  FakePrometheus,
  matrix,
  success,
  vector,
  type Script,
  type Scripted,
  type SeenRequest,
} from '../support/fake-prometheus.ts';
import { NOW, object, viewOf } from '../support/fixtures.ts';

let fake: FakePrometheus | undefined;
afterEach(async () => {
  await fake?.stop();
  fake = undefined;
});

const HOUR = 3600;
const END = NOW / 1000;
const window = { windowSeconds: 7 * HOUR, stepSeconds: 300 };
const fast = { firstWaitMs: 1 };

const deployments = (...names: string[]): KubeObject[] => names.map((name) => object('Deployment', name));
const podOf = (name: string) => `${name}-5b7c9d8f46-x2v4z`;
const labels = (name: string) => ({ namespace: 'shop', pod: podOf(name), container: 'app' });

/** One point each five minutes over the whole window. */
const steady = (text: string, from = END - 7 * HOUR + 300) =>
  Array.from({ length: Math.floor((END - from) / 300) + 1 }, (_, i): [number, string] => [from + i * 300, text]);

const kindOf = ({ path, form }: SeenRequest): string => {
  if (path.includes('/label/')) return 'clusters';
  const query = form.get('query') ?? '';
  if (query.startsWith('count(')) return 'reach';
  if (path.endsWith('query_range')) return query.includes('rate(') ? 'cpu' : 'memory';
  if (query.includes('throttled')) return 'throttled';
  if (query.includes('OOMKilled')) return 'oom';
  if (query.includes('resource_limits')) return 'limit';
  return query.includes('offset') ? 'train' : query.includes('[2h]') ? 'test' : 'peak';
};

/** Answers for `web` in every respect, with single ones replaced. */
const answers =
  (more: Partial<Record<string, Scripted | Script>> = {}): Script =>
  (request) => {
    const kind = kindOf(request);
    const own = more[kind];
    if (own) return typeof own === 'function' ? own(request) : own;
    const one = (text: string): Scripted => ({ body: vector([{ metric: labels('web'), value: [END + 1, text] }]) });
    const series = (text: string): Scripted => ({ body: matrix([{ metric: labels('web'), values: steady(text) }]) });
    switch (kind) {
      case 'clusters':
        return { body: success([]) };
      case 'cpu':
        return series('0.25');
      case 'memory':
        return series('104857600');
      case 'peak':
        return one('209715200');
      case 'train':
        return one('209715200');
      case 'test':
        return one('110000000');
      case 'throttled':
        return one('12.5');
      case 'limit':
        return one('536870912');
      default:
        return { body: vector([]) };
    }
  };

async function usage(
  script: Script,
  objects = deployments('web'),
  more: Partial<PrometheusOptions> & { env?: Record<string, string>; wanted?: string } = {},
) {
  fake = await FakePrometheus.start(script);
  const { env = {}, wanted, ...options } = more;
  const scope = usageScope(viewOf(objects), wanted === undefined ? undefined : (w) => w.name === wanted);
  return fetchPrometheus(scope, {
    access: prometheusAccess(fake.url, env),
    window,
    at: NOW + 5000,
    now: NOW,
    tuning: fast,
    ...options,
  });
}

const asked = (kind: string) => (fake?.requests ?? []).filter((r) => kindOf(r) === kind);

describe('usage from Prometheus', () => {
  it('reads the whole points of one container, its peaks, throttling and limit', async () => {
    const { series, window: at, queries, unread, warnings, replicas } = await usage(answers());
    expect(series).toHaveLength(1);
    const [web] = series;
    expect(web).toMatchObject({
      namespace: 'shop',
      workload: { kind: 'Deployment', name: 'web' },
      pod: podOf('web'),
      container: 'app',
      startMs: NOW - 7 * HOUR * 1000 + 300_000,
      stepSeconds: 300,
      memoryPeaks: { window: 209715200, train: 209715200, test: 110000000 },
      throttledPercent: 12.5,
      memoryLimitInForce: 536870912,
    });
    expect(web?.oomSeen).toBeUndefined();
    expect([...web!.cpu]).toEqual(Array.from({ length: 84 }, () => 250_000_000));
    expect([...web!.memory]).toEqual(Array.from({ length: 84 }, () => 104857600));
    expect(at).toEqual({ startMs: NOW + 1000 - 7 * HOUR * 1000, endMs: NOW + 1000, stepSeconds: 300 });
    expect(queries).toBe(fake?.requests.length);
    expect([unread, warnings]).toEqual([[], []]);
    expect(replicas).toMatchObject([{ workload: { name: 'web' }, startMs: web!.startMs }]);
    expect(new Set(replicas[0]!.replicas)).toEqual(new Set([1]));
  });

  it('asks as it is written down: form bodies, the last whole step and a second, the names of the pods', async () => {
    await usage(answers(), deployments('web', 'api'), { wanted: 'web' });
    const sel = `namespace=~"shop",pod=~"web-[bcdfghjklmnpqrstvwxz2456789]{1,10}-[bcdfghjklmnpqrstvwxz2456789]{5}",container!="",container!="POD"`;
    const [cpu] = asked('cpu');
    expect(cpu?.method).toBe('POST');
    expect(cpu?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(cpu!.form)).toEqual({
      query: `max by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{${sel},cpu=~"total|"}[5m]))`,
      start: String(END - 7 * HOUR + 300),
      end: String(END),
      step: '300',
    });
    expect(Object.fromEntries(asked('peak')[0]!.form)).toEqual({
      query: `max by (namespace, pod, container) (max_over_time(container_memory_working_set_bytes{${sel}}[7h]))`,
      time: String(END + 1),
    });
    expect(asked('train')[0]?.form.get('query')).toContain('[5h] offset 2h');
  });

  it('names no pods when all workloads of the namespaces are asked for', async () => {
    await usage(answers(), deployments('web', 'api'));
    expect(asked('memory')[0]?.form.get('query')).toBe(
      'max by (namespace, pod, container) (container_memory_working_set_bytes{namespace=~"shop",container!="",container!="POD"})',
    );
  });

  it('reads Jobs in steps of a minute, apart from the others', async () => {
    await usage(answers(), [...deployments('web'), object('CronJob', 'backup')]);
    expect(asked('cpu').map((r) => [r.form.get('step'), /\[\w+\]/.exec(r.form.get('query') ?? '')?.[0]])).toEqual(
      expect.arrayContaining([
        ['300', '[5m]'],
        ['60', '[2m]'],
      ]),
    );
  });

  it('keeps gaps as gaps, leaves NaN, Inf and negative values out and says so', async () => {
    const values: [number, string][] = [
      [END - 900, '1048576'],
      [END - 600, 'NaN'],
      [END - 300, '-1'],
      [END, '2097152'],
    ];
    const { series, warnings } = await usage(
      answers({ memory: { body: matrix([{ metric: labels('web'), values }]) }, cpu: { body: matrix([]) } }),
    );
    expect([...series[0]!.memory]).toEqual([1048576, NaN, NaN, 2097152]);
    expect(series[0]?.startMs).toBe(NOW - 900_000);
    expect(warnings).toContain('2 readings were NaN, infinite or negative and left out');
  });

  it('takes the higher of two rows of one container', async () => {
    const rows = ['1048576', '3145728', '2097152'].map((v) => ({
      metric: { ...labels('web'), replica: v },
      values: steady(v),
    }));
    const { series } = await usage(answers({ memory: { body: matrix(rows) } }));
    expect(series).toHaveLength(1);
    expect(new Set(series[0]!.memory)).toEqual(new Set([3145728]));
  });

  it('drops rows of pods that belong to no workload that was asked for', async () => {
    const { series } = await usage(
      answers({
        memory: {
          body: matrix([{ metric: { namespace: 'shop', pod: 'stray', container: 'app' }, values: steady('1') }]),
        },
        cpu: { body: matrix([]) },
      }),
    );
    expect(series.map((s) => s.pod)).not.toContain('stray');
  });

  it('says which metric a workload lacks, never zero', async () => {
    const empty = answers({
      cpu: { body: matrix([]) },
      memory: { body: matrix([]) },
      peak: { body: vector([]) },
      train: { body: vector([]) },
      test: { body: vector([]) },
      throttled: { body: vector([]) },
      limit: { body: vector([]) },
    });
    const { series, unread, warnings } = await usage(empty);
    expect(series).toEqual([]);
    expect(unread).toEqual([
      {
        namespace: 'shop',
        workload: { kind: 'Deployment', name: 'web' },
        why: 'no container_memory_working_set_bytes and no container_cpu_usage_seconds_total of its pods within 7h',
      },
    ]);
    expect(warnings.join()).toContain('does this Prometheus scrape the kubelets');
  });

  it('asks once more over fifteen minutes when there is memory but no CPU, and says so', async () => {
    const cpu: Script = ({ form }) => ({
      body: matrix(
        form.get('query')?.includes('[15m]') === true ? [{ metric: labels('web'), values: steady('0.5') }] : [],
      ),
    });
    const { series, warnings, unread } = await usage(answers({ cpu }));
    expect(series[0]?.cpu[0]).toBe(500_000_000);
    expect(warnings).toEqual(['CPU of 1 container is averaged over 15m instead of 5m: the scrapes are too far apart']);
    expect(asked('cpu')).toHaveLength(2);
    expect(asked('cpu')[1]?.form.get('query')).toContain(`pod=~"${podOf('web')}"`);
    expect(unread).toEqual([]);
  });

  it('stops when the data is of several clusters', async () => {
    const failed = usage(answers({ clusters: { body: success(['east', 'west']) } }));
    await expect(failed).rejects.toMatchObject({
      reason: 'ambiguous-cluster',
      message: expect.stringContaining('(east and west): choose one with --prometheus-label cluster=…') as string,
    });
  });

  it('sends the labels that were chosen', async () => {
    await usage(answers(), deployments('web'), { labels: [{ name: 'cluster', value: 'e"a\\st' }] });
    for (const r of fake!.requests)
      expect(r.form.get('query') ?? r.form.get('match[]')).toContain('cluster="e\\"a\\\\st"');
  });

  it('asks by query where a gateway has no label values', async () => {
    const script: Script = (r) => {
      if (r.form.get('query')?.startsWith('group by (cluster)') === true)
        return {
          body: vector([
            { metric: { cluster: 'a' }, value: [END, '1'] },
            { metric: {}, value: [END, '1'] },
          ]),
        };
      return answers({ clusters: { status: 404, body: 'not here' } })(r);
    };
    await expect(usage(script)).rejects.toMatchObject({ reason: 'ambiguous-cluster' });
  });

  it('marks an answer that may lack series', async () => {
    const { partialResponse, warnings } = await usage(
      answers({
        memory: {
          body: matrix([{ metric: labels('web'), values: steady('5') }], { warnings: ['store east is away'] }),
        },
      }),
    );
    expect(partialResponse).toBe(true);
    expect(warnings).toContain('the answer may lack series: store east is away');
  });

  it('tells how far back the data reaches, asking only when the oldest reading leaves it open', async () => {
    const late = steady('5', END - 2 * HOUR);
    const young = {
      memory: { body: matrix([{ metric: labels('web'), values: late }]) },
      cpu: { body: matrix([{ metric: labels('web'), values: late }]) },
    };
    const short = await usage(answers({ ...young, reach: { body: matrix([{ metric: {}, values: late }]) } }));
    expect(short.reachSeconds).toBe(2 * HOUR + 1);
    expect(short.warnings.join()).toContain('the data reaches back 120m of the 7h asked for');
    await fake?.stop();
    const full = await usage(answers({ ...young, reach: { body: matrix([{ metric: {}, values: steady('9') }]) } }));
    expect(full.reachSeconds).toBeUndefined();
    expect(full.warnings).toEqual([]);
  });

  it('ends the window by the server’s clock and names the difference', async () => {
    const ahead = { date: new Date(NOW + 3_600_000).toUTCString() };
    const script: Script = (r) => ({ ...answers()(r), headers: ahead });
    const { window: at, warnings } = await usage(script, deployments('web'), { at: undefined as never });
    expect(at.endMs).toBe(NOW + 3_600_000 + 1000);
    expect(warnings.join()).toMatch(/the clock of 127\.0\.0\.1:\d+ is 60m ahead of this machine's/);
  });
});

describe('a Prometheus in trouble', () => {
  const many = Array.from({ length: 8 }, (_, i) => `w${i}`);

  it.each([
    ['too many samples', { status: 422, body: failure('execution', 'query processing would load too many samples') }],
    ['too large a body', { status: 413, body: '' }],
    ['overload', { status: 503, body: failure('timeout', 'query timed out') }],
    ['a gateway that gave up', { status: 504, body: '<html><title>Gateway</title></html>' }],
  ])('halves the question at %s, down to the workload that is too much', async (_, no) => {
    const memory: Script = ({ form }) => {
      const query = form.get('query') ?? '';
      // `w0` alone is more than the server can do.
      if (!query.includes('pod=~') || /[("|]w0[|)-]/.test(query)) return no;
      const rows = many.filter((w) => new RegExp(`[("|]${w}[|)-]`).test(query));
      return { body: matrix(rows.map((w) => ({ metric: labels(w), values: steady('1048576') }))) };
    };
    const { series, unread } = await usage(answers({ memory, cpu: { body: matrix([]) } }), deployments(...many));
    expect(series.filter((s) => s.memory[0] === 1048576).map((s) => s.workload.name)).toEqual(many.slice(1));
    expect(unread.find((u) => u.workload?.name === 'w0')?.why).toMatch(
      /^container_memory_working_set_bytes: http:.* answered \d{3}/,
    );
    // 8, 4, 2 and 1 workloads were refused; 4, 2 and 1 answered.
    expect(asked('memory')).toHaveLength(7);
  });

  it('gives up after some failures in a row, and says of every workload why', async () => {
    const all: Script = (r) =>
      kindOf(r) === 'clusters' ? { body: success([]) } : { status: 503, body: failure('unavailable', 'shutting down') };
    const { series, unread, queries } = await usage(
      all,
      deployments(...Array.from({ length: 100 }, (_, i) => `w${i}`)),
    );
    expect(series).toEqual([]);
    expect(unread).toHaveLength(100);
    expect(unread[0]?.why).toContain('shutting down');
    expect(queries).toBeLessThan(12);
  });

  it('halves when no answer comes in time', async () => {
    const memory: Script = ({ form }) =>
      form.get('query')?.includes('pod=~') === true ? { body: matrix([]) } : { hang: true };
    await usage(answers({ memory }), deployments('web', 'api'), { tuning: { ...fast, callMs: 1500 } });
    expect(asked('memory')).toHaveLength(3);
  });

  it('tries again after a reset, an error and throttling', async () => {
    let tries = 0;
    const bad: Scripted[] = [
      { cutOff: true, body: matrix([{ metric: labels('web'), values: steady('7') }]) },
      { status: 500, body: 'oops' },
      { status: 429, headers: { 'retry-after': '0' } },
    ];
    const { series, warnings } = await usage(answers({ memory: (r) => bad[tries++] ?? answers()(r) }));
    expect(tries).toBe(4);
    expect(series[0]?.memory[0]).toBe(104857600);
    expect(warnings).toEqual([]);
  });

  it('never takes half an answer for a whole one', async () => {
    const cut = { cutOff: true, body: matrix([{ metric: labels('web'), values: steady('7') }]) };
    const { unread } = await usage(answers({ memory: cut }));
    expect(unread[0]?.why).toMatch(/^container_memory_working_set_bytes: the connection to .* broke/);
  });

  it('goes on without throttling, OOMs and limits, and names what is not known', async () => {
    const { series, warnings } = await usage(
      answers({ throttled: { status: 400, body: failure('bad_data', 'no such thing') } }),
    );
    expect(series[0]?.throttledPercent).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringMatching(/^throttling of 1 workload is not known: .* answered 400: no such thing$/),
    ]);
  });

  it.each([
    [
      '401',
      { status: 401, body: 'Unauthorized' },
      'unauthorized',
      /refuses the credential \(401: Unauthorized\): set AIOPS_PROMETHEUS_TOKEN/,
    ],
    ['403', { status: 403, body: '<html><title>Forbidden</title>' }, 'unauthorized', /\(403: a web page "Forbidden"\)/],
    [
      '404 everywhere',
      { status: 404, body: '404 page not found' },
      'not-prometheus',
      /has no query API \(404: 404 page not found\): give the address up to what stands before \/api\/v1/,
    ],
    [
      'a login page',
      { status: 200, body: '<html><title>Sign in</title>' },
      'not-prometheus',
      /answered something else than Prometheus does/,
    ],
    [
      'a redirect',
      { status: 302, headers: { location: 'https://login.example.com/?to=secret' } },
      'not-prometheus',
      /sends elsewhere \(https:\/\/login\.example\.com\/\), which is not followed/,
    ],
    [
      'other JSON',
      { status: 200, body: '{"hello":"world"}' },
      'not-prometheus',
      /something else than Prometheus|no answer of Prometheus/,
    ],
  ])('ends at %s with what to do', async (_, answer, reason, message) => {
    const failed = usage(() => answer);
    await expect(failed).rejects.toBeInstanceOf(UsageFailure);
    await expect(failed).rejects.toMatchObject({ reason, message: expect.stringMatching(message) as string });
  });

  it('says that nobody listens', async () => {
    fake = await FakePrometheus.start(() => ({}));
    await fake.stop();
    const scope = usageScope(viewOf(deployments('web')));
    const failed = fetchPrometheus(scope, { access: prometheusAccess(fake.url, {}), now: NOW, tuning: fast });
    await expect(failed).rejects.toMatchObject({
      reason: 'unreachable',
      message: expect.stringMatching(/^connection refused by .*: is the port-forward running\?$/) as string,
    });
  });

  it('ends at once when it is told to', async () => {
    const controller = new AbortController();
    const stop: Script = () => {
      controller.abort(new Error('stopped'));
      return { hang: true };
    };
    await expect(usage(stop, deployments('web'), { signal: controller.signal })).rejects.toThrow('stopped');
  });
});

describe('who asks', () => {
  it('sends a token and a tenant on every request', async () => {
    await usage(answers(), deployments('web'), {
      env: { AIOPS_PROMETHEUS_TOKEN: 'abc', AIOPS_PROMETHEUS_TENANT: 'team-1' },
    });
    for (const { headers } of fake!.requests)
      expect(headers).toMatchObject({ authorization: 'Bearer abc', 'x-scope-orgid': 'team-1' });
  });

  it('reads the file of a token anew each time, since it is rotated', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'aiops-token-')), 'token');
    await writeFile(path, 'first\n');
    const rotating: Script = (r) => {
      writeFileSync(path, 'second\n');
      return answers()(r);
    };
    await usage(rotating, deployments('web'), { env: { AIOPS_PROMETHEUS_TOKEN_FILE: path } });
    await rm(dirname(path), { recursive: true });
    const sent = fake!.requests.map((r) => r.headers.authorization);
    expect(sent[0]).toBe('Bearer first');
    expect(new Set(sent.slice(1))).toEqual(new Set(['Bearer second']));
  });

  it('trusts the authority that was named, and no other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'aiops-ca-'));
    const caFile = join(folder, 'ca.crt');
    await writeFile(caFile, ca.cert);
    fake = await FakePrometheus.start(answers(), server);
    const scope = usageScope(viewOf(deployments('web')));
    const ask = (env: Record<string, string>) =>
      fetchPrometheus(scope, {
        access: prometheusAccess(fake!.url, env),
        window,
        at: NOW + 5000,
        now: NOW,
        tuning: fast,
      });
    await expect(ask({})).rejects.toMatchObject({
      reason: 'unreachable',
      message: expect.stringMatching(
        /^the certificate of https:.* cannot be trusted .*: name its authority in AIOPS_PROMETHEUS_CA_FILE$/,
      ) as string,
    });
    expect((await ask({ AIOPS_PROMETHEUS_CA_FILE: caFile, AIOPS_PROMETHEUS_TOKEN: 'abc' })).series).toHaveLength(1);
    await rm(folder, { recursive: true });
  });

  it('sends a name and a password', async () => {
    await usage(answers(), deployments('web'), {
      env: { AIOPS_PROMETHEUS_USER: 'me', AIOPS_PROMETHEUS_PASSWORD: 'p:w' },
    });
    expect(fake?.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p:w').toString('base64')}`);
  });

  it.each([
    ['http://prometheus.example.com', { AIOPS_PROMETHEUS_TOKEN: 'abc' }, /plain http/],
    ['https://me:secret@prometheus.example.com', {}, /^https:\/\/prometheus\.example\.com was given with a password/],
    ['prometheus:9090', {}, /is no URL of a Prometheus/],
    ['https://a.example.com', { AIOPS_PROMETHEUS_TOKEN: 'a', AIOPS_PROMETHEUS_USER: 'b' }, /are both set/],
    ['https://a.example.com', { AIOPS_PROMETHEUS_TOKEN: 'a\nb' }, /holds no token/],
    ['https://a.example.com', { AIOPS_PROMETHEUS_CA_FILE: '/does/not/exist' }, /which cannot be read \(ENOENT\)/],
  ])('refuses %s with %o', (url, env, message) => {
    expect(() => prometheusAccess(url, env)).toThrow(message);
  });
});
