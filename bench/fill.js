// Fills a cluster of simulated nodes with pods, 1 % of them broken in ten ways.
// usage: KUBECONFIG=… node bench/fill.js 10000     (see bench/README.md)
import { client, inParallel } from './client.js';

const total = Number(process.argv[2] ?? 10_000);
const PER_DEPLOYMENT = 25;
const BROKEN_EACH = Math.max(1, Math.round(total / 1000));
const api = await client();

const template = (app, spec = {}) => ({
  metadata: { labels: { app, team: 'shop' } },
  spec: {
    nodeSelector: { type: 'kwok' },
    tolerations: [{ operator: 'Exists' }],
    containers: [
      {
        name: 'app',
        image: `example.com/${app}:1.0`,
        ports: [{ containerPort: 8080 }],
        env: [{ name: 'LOG_LEVEL', value: 'info' }],
        resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
      },
    ],
    ...spec,
  },
});

const deployment = (namespace, name, replicas, spec) =>
  api.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels: { app: name } },
    spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name, spec) },
  });

const namespace = (name) =>
  api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const service = (ns, name) =>
  api.create(`/api/v1/namespaces/${ns}/services`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: ns },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
  });

const apps = Array.from({ length: Math.ceil((total - 10 * BROKEN_EACH) / PER_DEPLOYMENT) }, (_, i) => ({
  ns: `team-${i % 40}`,
  name: `app-${i}`,
}));
await inParallel([...new Set(apps.map((a) => a.ns)), 'broken', 'tight'], 8, namespace);
await inParallel(apps, 8, async ({ ns, name }) => {
  await deployment(ns, name, PER_DEPLOYMENT);
  await service(ns, name);
});

// Seven faults that the scheduler and the controllers find by themselves …
const claim = (name, storageClassName) =>
  api.create('/api/v1/namespaces/broken/persistentvolumeclaims', {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'broken' },
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
const withClaim = (claimName) => ({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] });
const withCpu = (cpu) => ({
  containers: [{ name: 'app', image: 'example.com/app:1', resources: { requests: { cpu } } }],
});
await deployment('broken', 'no-label', BROKEN_EACH, { nodeSelector: { type: 'kwok', disk: 'nvme' } });
await deployment('broken', 'too-big', BROKEN_EACH, withCpu('1000'));
await deployment('broken', 'no-claim', BROKEN_EACH, withClaim('nowhere'));
await claim('fast', 'fast-ssd');
await deployment('broken', 'no-class', BROKEN_EACH, withClaim('fast'));
await deployment('broken', 'no-account', BROKEN_EACH, { serviceAccountName: 'robot' });
await api.create('/api/v1/namespaces/tight/resourcequotas', {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'small', namespace: 'tight' },
  spec: { hard: { pods: '0' } },
});
await deployment('tight', 'over-quota', BROKEN_EACH);
await deployment('broken', 'no-priority', BROKEN_EACH, { priorityClassName: 'urgent' });

// … and three that only a kubelet would report, written into the status of running pods.
const faults = {
  'bad-image': {
    waiting: {
      reason: 'ImagePullBackOff',
      message:
        'Back-off pulling image "example.com/bad-image:1.0": ErrImagePull: failed to pull and unpack image "example.com/bad-image:1.0": failed to resolve reference "example.com/bad-image:1.0": example.com/bad-image:1.0: not found',
    },
  },
  'no-secret': { waiting: { reason: 'CreateContainerConfigError', message: 'secret "database" not found' } },
  'out-of-memory': {
    waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' },
    killed: true,
  },
};
for (const name of Object.keys(faults)) await deployment('broken', name, BROKEN_EACH);

const wanted = apps.length * PER_DEPLOYMENT + 3 * BROKEN_EACH;
for (;;) {
  const running = await api.count('/api/v1/pods?fieldSelector=status.phase%3DRunning');
  process.stderr.write(`\r${running} of ${wanted} pods run `);
  if (running >= wanted) break;
  await new Promise((resolve) => setTimeout(resolve, 2000));
}
process.stderr.write('\n');

for (const [name, { waiting, killed }] of Object.entries(faults)) {
  const { items } = await api.get(`/api/v1/namespaces/broken/pods?labelSelector=app%3D${name}`);
  await inParallel(items, 8, (pod) => {
    const end = {
      exitCode: 137,
      reason: 'OOMKilled',
      startedAt: pod.status.startTime,
      finishedAt: new Date().toISOString(),
    };
    const status = {
      name: 'app',
      image: pod.spec.containers[0].image,
      imageID: '',
      ready: false,
      started: false,
      restartCount: killed ? 7 : 0,
      state: { waiting },
      ...(killed && { lastState: { terminated: end } }),
    };
    const conditions = pod.status.conditions.map((c) =>
      c.type === 'Ready' || c.type === 'ContainersReady' ? { ...c, status: 'False', reason: 'ContainersNotReady' } : c,
    );
    return api.patch(`/api/v1/namespaces/broken/pods/${pod.metadata.name}/status`, {
      status: { containerStatuses: [status], conditions },
    });
  });
}
process.stderr.write(`${await api.count('/api/v1/pods')} pods, ${10 * BROKEN_EACH} wanted ones broken in ten ways\n`);
