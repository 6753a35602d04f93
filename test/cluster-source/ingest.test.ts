import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ingest } from '../../src/cluster/ingest.ts';
import { kinds, type Kind } from '../../src/domain/index.ts';

const copy = <T>(value: T): T => structuredClone(value);
const meta = (more: object = {}) => ({ name: 'web', namespace: 'shop', ...more });
const podWith = (container: object, more: object = {}) =>
  ingest('Pod', { metadata: meta(), spec: { containers: [{ name: 'web', ...container }] }, ...more });
const envOf = (name: string, value: string) =>
  podWith({ env: [{ name, value }] })?.spec?.containers[0]?.env?.[0]?.value;
const argsOf = (...args: string[]) => podWith({ args })?.spec?.containers[0]?.args;

describe('what is kept', () => {
  test('an item of a list gets its kind and version', () => {
    expect(ingest('Deployment', { metadata: meta() })).toMatchObject({ kind: 'Deployment', apiVersion: 'apps/v1' });
    expect(ingest('Pod', { metadata: meta() })).toMatchObject({ kind: 'Pod', apiVersion: 'v1' });
  });

  test('a metadata-only read gets the kind that was asked for', () => {
    const raw = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: meta() };
    expect(ingest('Secret', raw)).toEqual({ kind: 'Secret', apiVersion: 'v1', metadata: meta() });
  });

  test('field managers keep who and when, not what', () => {
    const entry = { manager: 'kubectl', operation: 'Update', time: '2026-01-01T00:00:00Z', subresource: 'status' };
    const raw = { metadata: meta({ managedFields: [{ ...entry, apiVersion: 'v1', fieldsV1: { 'f:spec': {} } }] }) };
    expect(ingest('Pod', raw)?.metadata.managedFields).toEqual([entry]);
  });

  test('a null is a field that is not there', () => {
    const raw = { metadata: meta(), involvedObject: {}, lastTimestamp: null, eventTime: '2026-01-01T00:00:00Z' };
    expect(ingest('Event', raw)).not.toHaveProperty('lastTimestamp');
  });

  test('fields that the client does not know and the images of a node go', () => {
    const node = ingest('Node', {
      metadata: meta(),
      status: { images: [{ names: ['a'] }], capacity: { cpu: '2' } },
      x: 1,
    });
    expect(node).toEqual({ kind: 'Node', apiVersion: 'v1', metadata: meta(), status: { capacity: { cpu: '2' } } });
  });
});

describe('what is no object of the kind', () => {
  test.each([null, 1, 'x', [[]], {}, { metadata: 'x' }, { metadata: {} }, { metadata: { name: 7 } }, { metadata: [] }])(
    '%j is refused',
    (raw) => {
      expect(ingest('Pod', raw)).toBeUndefined();
    },
  );

  test('an object of another kind or API group is refused', () => {
    expect(ingest('Pod', { kind: 'Service', metadata: meta() })).toBeUndefined();
    expect(
      ingest('Service', { kind: 'Service', apiVersion: 'serving.knative.dev/v1', metadata: meta() }),
    ).toBeUndefined();
    expect(ingest('Event', { kind: 'Event', apiVersion: 'events.k8s.io/v1', metadata: meta() })).toBeUndefined();
  });

  test('a field of the wrong type goes, a required one gets an empty value', () => {
    const raw = {
      metadata: meta({ labels: 'x', uid: 5 }),
      spec: { containers: 'x', volumes: [null, 3, { name: {} }] },
    };
    expect(ingest('Pod', raw)).toEqual({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: meta(),
      spec: { containers: [], volumes: [{ name: '' }] },
    });
    expect(ingest('Event', { metadata: meta() })).toMatchObject({ involvedObject: {} });
  });
});

describe('what is hidden', () => {
  test('copies of the object in annotations go', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{"canary":1}', team: 'shop' };
    expect(ingest('Pod', { metadata: meta({ annotations }) })?.metadata.annotations).toEqual({ team: 'shop' });
  });

  test('a Secret is its metadata, a ConfigMap its keys', () => {
    const secret = ingest('Secret', { metadata: meta(), type: 'Opaque', data: { a: 'x' }, stringData: { b: 'y' } });
    expect(secret).toEqual({ kind: 'Secret', apiVersion: 'v1', metadata: meta() });
    const map = ingest('ConfigMap', { metadata: meta(), data: { 'app.yaml': 'x' }, binaryData: { logo: 'eA==' } });
    expect(map).toMatchObject({ data: { 'app.yaml': '' }, binaryData: { logo: '' } });
  });

  test.each([
    ['DATABASE_URL', 'postgres://u:p%40ss@db.shop:5432/orders?sslmode=x', 'postgres://db.shop:5432'],
    ['SPRING_DATASOURCE_URL', 'jdbc:postgresql://db:5432/orders', 'jdbc:postgresql://db:5432'],
    ['MONGO', 'mongodb://u:p@a:27017,b:27017/db', 'mongodb://a:27017,b:27017'],
    ['API', 'https://hooks.example.com/services/T0/B0/xyz', 'https://hooks.example.com'],
    ['BROKERS', 'kafka-0.kafka:9092, kafka-1.kafka:9092', 'kafka-0.kafka:9092, kafka-1.kafka:9092'],
    ['DB_HOST', 'postgres', 'postgres'],
    ['TARGET', 'db.shop.svc.cluster.local', 'db.shop.svc.cluster.local'],
    ['BIND', '[::1]:8080', '[::1]:8080'],
    ['DEBUG', 'true', 'true'],
    ['WORKERS', '16', '16'],
    ['TIMEOUT', '30s', '30s'],
  ])('%s=%s keeps %j', (name, value, kept) => {
    expect(envOf(name, value)).toBe(kept);
  });

  test.each([
    ['GREETING', 'hunter2'],
    ['DB_PASSWORD', 'postgres'],
    ['DB_PASSWORD', 'admin:1234'],
    ['API_TOKEN', '12345'],
    ['SESSION', 'eyJhbGciOi.eyJzdWIi.SflKxwRJ'],
    ['DATABASE_URL', 'postgres://u:p/w@rd@db/orders'],
    ['DATABASE_URL', 'postgres://u:1/2@db/orders'],
    ['DSN', 'u:p@tcp(db:3306)/orders'],
    ['CONNECTION', 'Server=db;User=sa;Password=x'],
  ])('%s=%s is emptied', (name, value) => {
    expect(envOf(name, value)).toBe('');
  });

  test.each([
    [
      ['--password', 'hunter2', '--port=80'],
      ['--password', '***', '--port=80'],
    ],
    [['--token=abc'], ['--token=***']],
    [
      ['--api-key', '-x9'],
      ['--api-key', '***'],
    ],
    [
      ['--token-file=/var/run/t', '--secret-name', 'tls'],
      ['--token-file=/var/run/t', '--secret-name', 'tls'],
    ],
    [
      ['-c', 'DB_PASSWORD=hunter2 ./run --db-password hunter2'],
      ['-c', 'DB_PASSWORD=*** ./run --db-password ***'],
    ],
    [
      ['-c', 'curl -H "Authorization: Bearer abcdef1" x'],
      ['-c', 'curl -H "Authorization: *** ***" x'],
    ],
    [
      ['-c', 'psql postgres://u:hunter2@db/x'],
      ['-c', 'psql postgres://***@db/x'],
    ],
    [
      ['-u', 'admin:hunter2', 'http://x'],
      ['-u', 'admin:***', 'http://x'],
    ],
    [
      ['-c', 'mysql -uroot -phunter2 -h db'],
      ['-c', 'mysql -uroot -p*** -h db'],
    ],
    [
      ['-c', 'exec sleep 3600; echo author keys'],
      ['-c', 'exec sleep 3600; echo author keys'],
    ],
  ])('%j becomes %j', (args, masked) => {
    expect(argsOf(...args)).toEqual(masked);
  });

  test('headers of a probe keep their names', () => {
    const httpHeaders = [
      { name: 'Authorization', value: 'Bearer x' },
      { name: 'Host', value: 'shop' },
    ];
    const pod = podWith({ readinessProbe: { httpGet: { port: 80, httpHeaders } } });
    expect(pod?.spec?.containers[0]?.readinessProbe?.httpGet?.httpHeaders).toEqual([
      { name: 'Authorization', value: '' },
      { name: 'Host', value: 'shop' },
    ]);
  });

  test('what cannot be seen becomes visible, in keys as well', () => {
    const event = ingest('Event', { metadata: meta({ labels: { 'a\u202e': 'b' } }), message: 'red \u001b[31m' });
    expect(event).toMatchObject({ message: 'red \\u{1b}[31m', metadata: { labels: { 'a\\u{202e}': 'b' } } });
  });

  test('a bundle of certificates is not cut', () => {
    const caBundle = 'TUlJ'.repeat(4000);
    const raw = { metadata: meta(), webhooks: [{ clientConfig: { caBundle } }] };
    expect(ingest('ValidatingWebhookConfiguration', raw)?.webhooks?.[0]?.clientConfig.caBundle).toBe(caBundle);
  });

  test('a text over 4 KiB is cut and says so', () => {
    const message = ingest('Event', { metadata: meta(), message: 'x'.repeat(10_000) })?.message ?? '';
    expect(message.length).toBeLessThanOrEqual(4096);
    expect(message).toMatch(/x… cut, \d+ bytes omitted$/);
  });
});

const kind = fc.constantFrom<Kind>(...kinds.map((k) => k.kind));
const fieldNames = [
  'metadata',
  'name',
  'namespace',
  'spec',
  'status',
  'containers',
  'env',
  'value',
  'labels',
  'annotations',
];
const key = fc.oneof(
  fc.constantFrom(
    ...fieldNames,
    'template',
    'args',
    'conditions',
    'type',
    'rules',
    'data',
    'involvedObject',
    '__proto__',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium' },
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 6 }),
  ),
}));
const object = fc
  .record({ metadata: fc.dictionary(key, tree), spec: tree, status: tree, data: tree, template: tree })
  .map((o) => ({ ...o, metadata: { ...o.metadata, name: 'web' } }));
const parsed = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('for any JSON', () => {
  test('it does not throw', () => {
    fc.assert(
      fc.property(kind, fc.oneof(tree, fc.jsonValue()), (k, raw) => {
        ingest(k, parsed(raw));
      }),
    );
  });

  test('a second pass changes nothing', () => {
    fc.assert(
      fc.property(kind, object, (k, raw) => {
        const once = ingest(k, parsed(raw));
        expect(once).toBeDefined();
        expect(ingest(k, copy(once))).toEqual(once);
      }),
    );
  });

  test('no hidden character is left', () => {
    fc.assert(
      fc.property(kind, object, (k, raw) => {
        const text = JSON.stringify(ingest(k, parsed(raw)));
        expect(text).not.toMatch(/[\u0080-\u009f\u200b-\u200f\u202a-\u202e]|\\u00(?!0[9a])[01]|\\ud[89a-f]/);
      }),
    );
  });

  test('no secret is left, wherever it lies', () => {
    const canary = fc.stringMatching(/^[A-Za-z0-9]{12,24}$/).map((s) => `Zq${s}`);
    fc.assert(
      fc.property(canary, (secret) => {
        const container = {
          name: 'web',
          env: ['GREETING', 'PASSWORD', 'HOST_KEY', 'DATABASE_URL'].flatMap((name) => [
            { name, value: name === 'DATABASE_URL' ? `pg://u:${secret}@db/${secret}?p=${secret}` : secret },
            { name, value: `x ${secret}` },
          ]),
          args: ['--password', secret, `--token=${secret}`, `PGPASSWORD=${secret} psql`, `http://u:${secret}@h/`],
          command: ['sh', '-c', `curl -u a:${secret} -H 'X-Api-Key: ${secret}' x; app --db-password "${secret}"`],
          livenessProbe: { exec: { command: ['redis-cli', '-a', secret] } },
        };
        const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': secret };
        const metadata = {
          name: 'web',
          annotations,
          managedFields: [{ manager: 'm', fieldsV1: { [`f:${secret}`]: {} } }],
        };
        const template = { metadata, spec: { containers: [container], initContainers: [container] } };
        const raws: [Kind, object][] = [
          ['Pod', { metadata, spec: template.spec }],
          ['Deployment', { metadata, spec: { template } }],
          ['CronJob', { metadata, spec: { jobTemplate: { spec: { template } } } }],
          ['Secret', { metadata, data: { a: secret }, stringData: { b: secret } }],
          ['ConfigMap', { metadata, data: { a: secret }, binaryData: { b: secret } }],
          ['StorageClass', { metadata, parameters: { password: secret } }],
        ];
        for (const [k, raw] of raws) expect(JSON.stringify(ingest(k, copy(raw)))).not.toContain(secret);
      }),
    );
  });
});
