// The yardstick: the same requests, parsed and thrown away. Paths come as arguments; lists are read with `limit=500` and
// `continue`, a path that ends in `!` as it is. `--` stands between rounds: what follows needs an answer from before. Peak
// memory is printed.
import { client, inParallel } from './client.js';

const api = await client();
const rounds = [[]];
for (const path of process.argv.slice(2)) path === '--' ? rounds.push([]) : rounds.at(-1).push(path);

async function read(path) {
  if (path.endsWith('!')) return api.get(path.slice(0, -1)).catch(ignoreAbsent);
  let token = '';
  const kept = [];
  do {
    const more = `limit=500${token && `&continue=${encodeURIComponent(token)}`}`;
    const page = await api.get(`${path}${path.includes('?') ? '&' : '?'}${more}`).catch(ignoreAbsent);
    kept.push(...(page.items ?? []));
    token = page.metadata?.continue ?? '';
  } while (token);
  return kept;
}

/** No such object, API or log: that is an answer, too. */
function ignoreAbsent(error) {
  if ([400, 404, 503].includes(error.status)) return {};
  throw error;
}

for (const round of rounds) await inParallel(round, 6, read);
api.close();
process.stdout.write(JSON.stringify({ maxRssKiB: process.resourceUsage().maxRSS }));
