// One pod: `aiops diagnose pod NAME` against the same number of raw reads in the same two rounds.
// usage: KUBECONFIG=… node bench/pod.js NAMESPACE [POD]
import { client } from './client.js';
import { aiops, compare, report } from './measure.js';

const [namespace = 'default', wanted] = process.argv.slice(2).filter((a) => !a.startsWith('--'));
const api = await client();
const { items } = await api.get(`/api/v1/namespaces/${namespace}/pods`);
api.close();
const raw = new URL('raw.js', import.meta.url).pathname;
let ok = true;
for (const pod of items.filter((p) => wanted === undefined || p.metadata.name === wanted)) {
  const { name, uid, ownerReferences = [] } = pod.metadata;
  const owner =
    ownerReferences[0]?.kind === 'ReplicaSet'
      ? [
          `/apis/apps/v1/namespaces/${namespace}/replicasets/${ownerReferences[0].name}!`,
          `/apis/apps/v1/namespaces/${namespace}/deployments/${ownerReferences[0].name.replace(/-[^-]+$/, '')}!`,
        ]
      : [];
  const paths = [
    `/api/v1/namespaces/${namespace}/pods/${name}!`,
    `/api/v1/namespaces/${namespace}/services`,
    `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.uid%3D${uid}`,
    ...(pod.spec.nodeName ? [`/api/v1/nodes/${pod.spec.nodeName}!`] : ['/api/v1/nodes']),
    ...owner,
  ];
  const result = await compare(
    [aiops, 'diagnose', 'pod', name, '-n', namespace, '-o', 'json', '--fail-on', 'never'],
    [raw, ...paths],
    5,
  );
  ok = report(`diagnose pod ${name}`, result, 1.5) && ok;
}
process.exitCode = process.argv.includes('--check') && !ok ? 1 : 0;
