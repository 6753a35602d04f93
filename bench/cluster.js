// A whole cluster: `aiops diagnose cluster` against reading the same lists raw, with peak memory.
// usage: KUBECONFIG=… node bench/cluster.js [--check]     (fill the cluster first: bench/README.md)
import { aiops, compare, report } from './measure.js';

const lists = [
  ...[
    'pods',
    'events',
    'nodes',
    'namespaces',
    'services',
    'configmaps',
    'persistentvolumes',
    'persistentvolumeclaims',
    'serviceaccounts',
    'resourcequotas',
    'limitranges',
  ].map((r) => `/api/v1/${r}`),
  ...['replicasets', 'deployments', 'statefulsets', 'daemonsets'].map((r) => `/apis/apps/v1/${r}`),
  ...['jobs', 'cronjobs'].map((r) => `/apis/batch/v1/${r}`),
  '/apis/discovery.k8s.io/v1/endpointslices',
  '/apis/networking.k8s.io/v1/ingresses',
  '/apis/networking.k8s.io/v1/networkpolicies',
  '/apis/autoscaling/v2/horizontalpodautoscalers',
  '/apis/policy/v1/poddisruptionbudgets',
];
const raw = new URL('raw.js', import.meta.url).pathname;
const result = await compare([aiops, 'diagnose', 'cluster', '-o', 'json', '--fail-on', 'never'], [raw, ...lists], 5);
const fast = report('diagnose cluster', result, 2);
const { findings, checked, diagnosisMs } = JSON.parse(result.last.stdout);
console.log(`${checked.Pod} pods, thinking ${diagnosisMs} ms, ${findings.length} findings:`);
for (const f of findings.filter((f) => f.severity !== 'info'))
  console.log(
    `  ${f.severity} ${f.rule} ${f.resource.namespace ?? ''}/${f.resource.name} (${f.objects.length}): ${f.title}`,
  );
const small = result.ours.peakMiB < 256;
if (!small) console.log(`peak memory ${result.ours.peakMiB.toFixed(0)} MiB is above the budget of 256 MiB`);
process.exitCode = process.argv.includes('--check') && !(fast && small) ? 1 : 0;
