// The yardstick: the same requests, parsed and thrown away. Paths come as arguments, with `limit=500` and `continue` where
// they are lists; peak memory is printed.
import { client, inParallel } from './client.js';

const api = await client();
await inParallel(process.argv.slice(2), 6, async (path) => {
  let token = '';
  const kept = [];
  do {
    const join = path.includes('?') ? '&' : '?';
    const page = await api
      .get(
        path.endsWith('!')
          ? path.slice(0, -1)
          : `${path}${join}limit=500${token && `&continue=${encodeURIComponent(token)}`}`,
      )
      .catch((e) => (e.status === 404 || e.status === 503 ? {} : Promise.reject(e)));
    kept.push(...(page.items ?? []));
    token = page.metadata?.continue ?? '';
  } while (token);
});
api.close();
process.stdout.write(JSON.stringify({ maxRssKiB: process.resourceUsage().maxRSS }));
