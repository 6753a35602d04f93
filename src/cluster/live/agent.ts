import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { createSecureContext } from 'node:tls';
import { oneLine } from '../../domain/index.ts';
import type { Credential } from './auth.ts';
import type { ClusterConfig } from './config.ts';
import { reasonOf } from './config-files.ts';
import { ConfigFailure, withoutUserInfo } from './errors.ts';

/** Connections to the API server, kept open; by way of the proxy where there is one. Throws ConfigFailure. */
export async function makeAgent(
  config: ClusterConfig,
  credential: Credential,
  proxy: string | undefined,
  connectMs: number,
): Promise<http.Agent> {
  const { cluster } = config;
  const common = { keepAlive: true };
  const isSecure = cluster.server.startsWith('https:');
  const options = isSecure ? { ...common, ...tlsOptions(config, credential) } : common;
  if (proxy === undefined) return isSecure ? new https.Agent(options) : new http.Agent(options);
  const scheme = /^([a-z0-9]+):/i.exec(proxy)?.[1]?.toLowerCase() ?? '';
  if (!URL.canParse(proxy)) throw new ConfigFailure(`the proxy ${shown(proxy)} is not a URL`);
  if (scheme === 'http' || scheme === 'https') {
    const { HttpProxyAgent, HttpsProxyAgent } = await import('hpagent');
    return isSecure ? new HttpsProxyAgent({ ...options, proxy }) : new HttpProxyAgent({ ...options, proxy });
  }
  if (scheme.startsWith('socks')) {
    const { SocksProxyAgent } = await import('socks-proxy-agent');
    return new SocksProxyAgent(proxy, { ...options, timeout: connectMs });
  }
  throw new ConfigFailure(`the proxy ${shown(proxy)} is of no known kind: use http, https or socks5`);
}

function shown(proxy: string): string {
  return oneLine(withoutUserInfo(proxy), 200);
}

/** Parsed once, not at each connection. */
function tlsOptions(config: ClusterConfig, { cert, key }: Credential): https.AgentOptions {
  const { cluster } = config;
  const ca = authority(config);
  try {
    return {
      secureContext: createSecureContext({ ...(ca && { ca }), ...(cert && key && { cert, key }) }),
      // Said outright: NODE_TLS_REJECT_UNAUTHORIZED has no say here.
      rejectUnauthorized: !cluster.skipTLSVerify,
      ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
    };
  } catch (error) {
    throw new ConfigFailure(
      `the certificates in ${config.userFile} cannot be used: ${reasonOf(error)}: get a new kubeconfig from the cluster`,
      { cause: error },
    );
  }
}

function authority({ cluster, clusterFile }: ClusterConfig): Buffer | undefined {
  if (cluster.caData) return Buffer.from(cluster.caData, 'base64');
  if (!cluster.caFile) return undefined;
  try {
    return readFileSync(cluster.caFile);
  } catch (error) {
    throw new ConfigFailure(
      `certificate-authority of cluster "${oneLine(cluster.name)}" in ${clusterFile} cannot be read: ${reasonOf(error)}`,
      { cause: error },
    );
  }
}
