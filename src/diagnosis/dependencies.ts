import { scopeReads, type ClusterView, type Read } from '../cluster/index.ts';
import { ref, refKey, refOf, type Kind } from '../domain/index.ts';
import { logServices } from './logs/index.ts';
import { MAX_LOG_READS, wantedLogs, type WantedLog } from './wanted-logs.ts';

/** Services that log lines name, in namespaces that were not read yet: the broken pod may be behind one. */
export function readsOfDependencies(view: ClusterView): readonly Read[] {
  const namespaces = new Set(logServices(view).map((service) => service.namespace));
  const unread = [...namespaces].filter((ns) => ns !== undefined && !view.isComplete('Pod', ns));
  return unread.slice(0, 3).flatMap((ns) => scopeReads(kindsOfDependency, ns));
}

/** Logs of the failing pods behind a Service that another log names, where they were not read yet. */
export function logsOfDependencies(view: ClusterView): readonly WantedLog[] {
  const services = logServices(view).flatMap((s) => view.get('Service', s.namespace, s.name) ?? []);
  const behind = new Set(
    services.flatMap((s) => view.podsByLabels(s.metadata.namespace, s.spec?.selector)).map((p) => refKey(refOf(p))),
  );
  const unread = MAX_LOG_READS - view.logs.length;
  return wantedLogs(view)
    .filter(({ ref: c }) => behind.has(refKey(ref('Pod', c.namespace, c.pod))) && !view.hasLog(c))
    .slice(0, Math.max(0, unread));
}

const kindsOfDependency: readonly Kind[] = [
  'Pod',
  'Event',
  'ReplicaSet',
  'Deployment',
  'StatefulSet',
  'Service',
  'EndpointSlice',
  'ConfigMap',
];
