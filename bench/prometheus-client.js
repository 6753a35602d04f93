// One measured process of prometheus.js: `ours` fetches the whole usage, `raw` the same two ranges with fetch and JSON.parse.
import { workloadsOf } from './prometheus-scope.js';

const [mode, usage, url, to, containers, seconds] = process.argv.slice(2);
const { targets, namespaces } = workloadsOf(Number(containers));
const at = Number(to) * 1000 + 5000;
const step = Number(seconds);
const begun = performance.now();

if (mode === 'ours') {
  const { fetchPrometheus, prometheusAccess } = await import(usage);
  const scope = {
    targets,
    wholeNamespaces: new Set(namespaces),
    ownerOf: (namespace, pod) => `${namespace}/Deployment/${/^(.+)-[a-z0-9]+-[a-z0-9]{5}$/.exec(pod)[1]}`,
  };
  const window = { windowSeconds: 7 * 86_400, stepSeconds: step };
  const result = await fetchPrometheus(scope, { access: prometheusAccess(url, {}), window, at, now: at });
  const points = result.series.reduce((sum, s) => sum + s.memory.length + s.cpu.length, 0);
  console.log(
    JSON.stringify({
      ms: Math.round(performance.now() - begun),
      series: result.series.length,
      points,
      queries: result.queries,
      warnings: result.warnings,
      unread: result.unread.length,
    }),
  );
} else {
  const end = Number(to);
  const selector = (list) => `namespace=~"${list.join('|')}",container!="",container!="POD"`;
  const perQuery = Math.max(1, Math.floor(step === 60 ? 3 : 5));
  let points = 0;
  for (let i = 0; i < namespaces.length; i += perQuery) {
    const sel = selector(namespaces.slice(i, i + perQuery));
    const ask = async (query) => {
      const body = new URLSearchParams({
        query,
        start: String(end - 7 * 86_400 + step),
        end: String(end),
        step: String(step),
      });
      const answer = await (await fetch(`${url}/api/v1/query_range`, { method: 'POST', body })).json();
      for (const row of answer.data.result) points += row.values.length;
    };
    await Promise.all([
      ask(`max by (namespace, pod, container) (container_memory_working_set_bytes{${sel}})`),
      ask(`max by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{${sel},cpu=~"total|"}[5m]))`),
    ]);
  }
  console.log(JSON.stringify({ ms: Math.round(performance.now() - begun), points }));
}
