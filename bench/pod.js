// One pod: `aiops diagnose pod NAME` against the same requests read raw, in the same rounds.
// usage: KUBECONFIG=… node bench/pod.js NAMESPACE [POD]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client } from './client.js';
import { aiops, compare, once, report } from './measure.js';

const [namespace = 'default', wanted] = process.argv.slice(2).filter((a) => !a.startsWith('--'));
const api = await client();
const { items } = await api.get(`/api/v1/namespaces/${namespace}/pods`);
const raw = new URL('raw.js', import.meta.url).pathname;

/** The very requests of one run, seen by a proxy in between, with `--` where a round waits for the answers of another. */
async function roundsOf(args) {
  const paths = [];
  let open = 0;
  const proxy = http.createServer((request, response) => {
    if (open === 0 && paths.length > 0) paths.push('--');
    open++;
    paths.push(`${request.url}!`);
    response.on('close', () => open--);
    api.pipe(request.url, request.headers, response);
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'aiops-bench-'));
  const kubeconfig = join(folder, 'config');
  const server = `http://127.0.0.1:${proxy.address().port}`;
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'p', cluster: { server } }],
      contexts: [{ name: 'p', context: { cluster: 'p', user: 'p' } }],
      users: [{ name: 'p', user: {} }],
      'current-context': 'p',
    }),
    { mode: 0o600 },
  );
  await once([...args, '--kubeconfig', kubeconfig]);
  proxy.close();
  rmSync(folder, { recursive: true });
  return paths;
}

let ok = true;
for (const pod of items.filter((p) => wanted === undefined || p.metadata.name === wanted)) {
  const { name } = pod.metadata;
  const ours = [aiops, 'diagnose', 'pod', name, '-n', namespace, '-o', 'json', '--fail-on', 'never'];
  const result = await compare(ours, [raw, ...(await roundsOf(ours))], 9);
  ok = report(`diagnose pod ${name}`, result, 1.5) && ok;
}
api.close();
process.exitCode = process.argv.includes('--check') && !ok ? 1 : 0;
