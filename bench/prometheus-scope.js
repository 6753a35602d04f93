/** The workloads that prometheus.js fills in: two pods each, 25 workloads a namespace. */
export function workloadsOf(containers) {
  const targets = Array.from({ length: Math.ceil(containers / 2) }, (_, i) => ({
    namespace: `team-${Math.floor(i / 25)}`,
    workload: { kind: 'Deployment', name: `svc-${i}` },
    makers: [{ kind: 'Deployment', name: `svc-${i}` }],
    livePods: [],
    containers: 2,
    isJob: false,
  }));
  return { targets, namespaces: [...new Set(targets.map((t) => t.namespace))] };
}
