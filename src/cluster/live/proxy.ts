import { BlockList, isIP, isIPv4 } from 'node:net';

/** The proxy on the way to a server, from the process environment as Go's clients read it; undefined: none. */
export function proxyFromEnv(server: URL, env: NodeJS.ProcessEnv): string | undefined {
  const proxy =
    server.protocol === 'https:' ? (env.HTTPS_PROXY ?? env.https_proxy) : (env.HTTP_PROXY ?? env.http_proxy);
  if (proxy === undefined || proxy === '' || isLoopback(server.hostname)) return undefined;
  return isExcluded(server, env.NO_PROXY ?? env.no_proxy ?? '') ? undefined : withScheme(proxy);
}

/** `proxy.example.com:3128` is an HTTP proxy. */
export function withScheme(proxy: string): string {
  return /^[a-z][a-z0-9]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

/** True for this machine: no proxy stands in between, and nothing is gained by compressing. */
export function isLoopback(hostname: string): boolean {
  const host = bare(hostname);
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
  );
}

/** NO_PROXY: `*`, hosts, `.domain` (what lies below it), domains, addresses and networks, each with an optional port. */
function isExcluded(server: URL, list: string): boolean {
  const host = bare(server.hostname);
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  return list.split(',').some((part) => {
    const entry = part.trim().toLowerCase();
    if (entry === '') return false;
    if (entry === '*') return true;
    if (entry.includes('/')) return inNetwork(host, entry);
    const [, name = entry, wantedPort] = /^(.*[^:]):(\d+)$/.exec(isIP(entry) === 6 ? '' : entry) ?? [];
    if (wantedPort !== undefined && wantedPort !== port) return false;
    const wanted = bare(name.replace(/^\*\./, '.'));
    if (wanted.startsWith('.')) return host.endsWith(wanted);
    return host === wanted || (isIP(host) === 0 && host.endsWith(`.${wanted}`));
  });
}

function inNetwork(host: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/');
  const family = isIP(host);
  if (family === 0 || isIP(address) !== family || !/^\d{1,3}$/.test(bits)) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  try {
    const networks = new BlockList();
    networks.addSubnet(address, Number(bits), kind);
    return networks.check(host, kind);
  } catch {
    return false;
  }
}

function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
