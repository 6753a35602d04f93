import { refOf, type Service } from '../../domain/index.ts';
import type { ClusterView } from '../../cluster/index.ts';

/** A Service in the cluster that answers Prometheus queries, and how a person reaches it. */
export interface FoundPrometheus {
  readonly namespace: string;
  readonly service: string;
  /** To be run in another terminal. */
  readonly command: string;
  /** Where it is then: for `--prometheus-url`. */
  readonly url: string;
}

/** Programs that answer the query API, best first: a querier sees more than one replica of a store. */
const PROGRAMS: readonly { readonly is: RegExp; readonly ports: readonly number[]; readonly path: string }[] = [
  { is: /^thanos-quer(?:y|ier)(?:-frontend)?$/, ports: [10902, 9090, 9091], path: '' },
  { is: /^mimir-(?:query-frontend|nginx|gateway)$/, ports: [8080, 80], path: '/prometheus' },
  {
    is: /^(?:prometheus|prometheus-server|prometheus-k8s|prometheus-operated|kube-prometheus-stack-prometheus|prometheus-prometheus)$/,
    ports: [9090, 80],
    path: '',
  },
  { is: /^(?:vmsingle|victoria-metrics-single|victoria-metrics)$/, ports: [8428, 8429], path: '' },
];

/** Neighbours of Prometheus that carry its name. */
const OTHERS =
  /alertmanager|operator$|adapter|pushgateway|exporter|state-metrics|webhook|grafana|statsd|thanos-(?:discovery|sidecar|store|ruler|compact)/;

/** The local port of the printed line. */
const LOCAL_PORT = 9090;

/**
 * Services that look like a Prometheus, best first. It is never asked by way of the API server: reading through its proxy
 * is more than a reader may do.
 */
export function findPrometheus(view: ClusterView): readonly FoundPrometheus[] {
  const found = view.all('Service').flatMap((service) => {
    const { namespace = '', name } = refOf(service);
    const program = programOf(service);
    const port = program && portOf(service, program.ports);
    if (!program || port === undefined) return [];
    const rank = PROGRAMS.indexOf(program) * 10 + (service.spec?.clusterIP === 'None' ? 1 : 0);
    return [{ rank, namespace, service: name, port, path: program.path }];
  });
  return found
    .sort((a, b) => a.rank - b.rank)
    .map(({ namespace, service, port, path }) => ({
      namespace,
      service,
      command: `kubectl port-forward -n ${namespace} service/${service} ${LOCAL_PORT}:${port}`,
      url: `http://127.0.0.1:${LOCAL_PORT}${path}`,
    }));
}

function programOf(service: Service): (typeof PROGRAMS)[number] | undefined {
  const { name = '', labels = {} } = service.metadata;
  const component = labels['app.kubernetes.io/component'];
  const app = labels['app.kubernetes.io/name'] ?? labels.app ?? labels['k8s-app'];
  if ([name, component, app].some((word) => word !== undefined && OTHERS.test(word))) return undefined;
  // A name may begin with that of the release: monitoring-prometheus-server.
  const words = [name, app, component && app && `${app}-${component}`, ...suffixes(name)];
  return PROGRAMS.find(({ is }) => words.some((word) => word !== undefined && is.test(word)));
}

function suffixes(name: string): string[] {
  const parts = name.split('-');
  return parts.map((_, i) => parts.slice(i).join('-'));
}

function portOf(service: Service, preferred: readonly number[]): number | undefined {
  const ports = (service.spec?.ports ?? []).filter((p) => (p.protocol ?? 'TCP') === 'TCP');
  const isWeb = (name: string | undefined) => name !== undefined && /^(?:http-)?(?:web|http)$/.test(name);
  return preferred.find((port) => ports.some((p) => p.port === port)) ?? ports.find((p) => isWeb(p.name))?.port;
}
