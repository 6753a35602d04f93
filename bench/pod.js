// One pod: `aiops diagnose pod NAME` against the raw reads that it needs, in the same rounds.
// usage: KUBECONFIG=… node bench/pod.js NAMESPACE [POD]
import { client } from './client.js';
import { aiops, compare, report } from './measure.js';

const [namespace = 'default', wanted] = process.argv.slice(2).filter((a) => !a.startsWith('--'));
const api = await client();
const { items } = await api.get(`/api/v1/namespaces/${namespace}/pods`);
api.close();
const raw = new URL('raw.js', import.meta.url).pathname;

/** The reads that a person would do by hand for this pod, in the rounds in which they become possible. */
function roundsFor({ metadata, spec, status }) {
  const { name, uid, ownerReferences: [owner] = [] } = metadata;
  const core = `/api/v1/namespaces/${namespace}`;
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const containers = status.containerStatuses ?? [];
  const waiting = containers.map((c) => c.state?.waiting?.reason ?? '');
  const claims = (spec.volumes ?? []).flatMap((v) => v.persistentVolumeClaim?.claimName ?? []);
  const second = [
    `${core}/events?fieldSelector=involvedObject.uid%3D${uid}`,
    `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods/${name}!`,
    ...(spec.nodeName
      ? [`/api/v1/nodes/${spec.nodeName}!`]
      : ['/api/v1/nodes', '/apis/scheduling.k8s.io/v1/priorityclasses', '/apis/node.k8s.io/v1/runtimeclasses']),
    ...(owner?.kind === 'ReplicaSet'
      ? [`${apps}/replicasets/${owner.name}!`, `${apps}/deployments/${owner.name.replace(/-[^-]+$/, '')}!`]
      : []),
    ...(owner?.kind === 'StatefulSet' ? [`${apps}/statefulsets/${owner.name}!`] : []),
    ...claims.map((claim) => `${core}/persistentvolumeclaims/${claim}!`),
    ...(claims.length > 0 && status.phase === 'Pending'
      ? ['/apis/storage.k8s.io/v1/storageclasses', '/api/v1/persistentvolumes']
      : []),
    ...(waiting.some((r) => /Config|Creating/.test(r)) ? [`${core}/configmaps`, `${core}/secrets`] : []),
    ...containers
      .filter((c) => c.lastState?.terminated)
      .map((c) => `${core}/pods/${name}/log?container=${c.name}&previous=true&tailLines=1000!`),
  ];
  const third = claims.map((claim) => `${core}/events?fieldSelector=involvedObject.name%3D${claim}`);
  return [`${core}/pods/${name}!`, `${core}/services`, '--', ...second, ...(third.length > 0 ? ['--', ...third] : [])];
}

let ok = true;
for (const pod of items.filter((p) => wanted === undefined || p.metadata.name === wanted)) {
  const { name } = pod.metadata;
  const ours = [aiops, 'diagnose', 'pod', name, '-n', namespace, '-o', 'json', '--fail-on', 'never'];
  const result = await compare(ours, [raw, ...roundsFor(pod)], 9);
  ok = report(`diagnose pod ${name}`, result, 1.5) && ok;
}
process.exitCode = process.argv.includes('--check') && !ok ? 1 : 0;
