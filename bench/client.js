// The smallest client that the measurements need: client certificate from a kubeconfig, JSON over keep-alive.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { parse } from 'yaml';

/** @returns requests against the cluster of $KUBECONFIG; paths are sent as they are. */
export async function client() {
  const config = parse(readFileSync(process.env.KUBECONFIG, 'utf8'));
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  const pem = (data) => Buffer.from(data, 'base64').toString();
  const agent = new https.Agent({ keepAlive: true, maxSockets: 8 });
  const tls = {
    agent,
    ca: pem(cluster['certificate-authority-data']),
    cert: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  };

  const send = (method, path, body, type = 'application/json') =>
    new Promise((resolve, reject) => {
      const request = https.request(
        new URL(path, cluster.server),
        { ...tls, method, headers: body ? { 'content-type': type } : {} },
        (response) => {
          const chunks = [];
          response.on('data', (c) => chunks.push(c));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            if (response.statusCode < 400)
              resolve(response.headers['content-type']?.includes('json') ? JSON.parse(text) : text);
            else
              reject(
                Object.assign(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 300)}`), {
                  status: response.statusCode,
                }),
              );
          });
        },
      );
      request.on('error', reject);
      request.end(body && JSON.stringify(body));
    });

  return {
    get: (path) => send('GET', path),
    create: (path, body) =>
      send('POST', path, body).catch((error) => (error.status === 409 ? undefined : Promise.reject(error))),
    patch: (path, body) => send('PATCH', path, body, 'application/strategic-merge-patch+json'),
    count: async (path) => {
      const { items, metadata } = await send('GET', `${path}${path.includes('?') ? '&' : '?'}limit=1`);
      if (!metadata.continue) return items.length;
      // The server does not count the rest of a list that a field selector cuts.
      return metadata.remainingItemCount === undefined
        ? (await send('GET', path)).items.length
        : 1 + metadata.remainingItemCount;
    },
    /** Hands one answer through, as it is. */
    pipe: (path, { accept }, to) =>
      https.get(new URL(path, cluster.server), { ...tls, headers: { ...(accept && { accept }) } }, (from) => {
        to.writeHead(from.statusCode, { 'content-type': from.headers['content-type'] ?? '', date: from.headers.date });
        from.pipe(to);
      }),
    close: () => agent.destroy(),
  };
}

/** Runs work on every item, `limit` at a time. */
export async function inParallel(items, limit, work) {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}
