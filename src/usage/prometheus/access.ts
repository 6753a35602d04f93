import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { oneLine } from '../../domain/index.ts';
import { UsageFailure } from '../failure.ts';
import type { LabelMatcher } from './queries.ts';

/** How a Prometheus, Thanos or Mimir is reached and by whom. */
export interface PrometheusAccess {
  /** Without user info; the path is what stands before `/api/v1`. */
  readonly url: URL;
  /** Value of the Authorization header; read anew each time, since files are rotated. Throws UsageFailure. */
  readonly authorization?: () => string;
  /** PEM; trusted instead of the system's authorities. */
  readonly ca?: Buffer;
  /** Sent as X-Scope-OrgID. */
  readonly tenant?: string;
}

/** The names of the environment variables: credentials come from nowhere else. */
export const PROMETHEUS_ENV = {
  token: 'AIOPS_PROMETHEUS_TOKEN',
  tokenFile: 'AIOPS_PROMETHEUS_TOKEN_FILE',
  user: 'AIOPS_PROMETHEUS_USER',
  password: 'AIOPS_PROMETHEUS_PASSWORD',
  caFile: 'AIOPS_PROMETHEUS_CA_FILE',
  tenant: 'AIOPS_PROMETHEUS_TENANT',
} as const;

/** The access to the Prometheus at a URL with the credentials of the process environment. Throws UsageFailure. */
export function prometheusAccess(address: string, env: Readonly<Record<string, string | undefined>>): PrometheusAccess {
  const url = parseAddress(address);
  const get = (name: keyof typeof PROMETHEUS_ENV) => env[PROMETHEUS_ENV[name]] || undefined;
  const authorization = authorizationOf(get);
  if (authorization && url.protocol === 'http:' && !isLoopback(url.hostname))
    throw setting(
      `${url.href} is plain http, where a credential could be read on the way: use https, or a port-forward to 127.0.0.1`,
    );
  const caFile = get('caFile');
  const tenant = get('tenant');
  if (tenant !== undefined && !isHeaderText(tenant))
    throw setting(`${PROMETHEUS_ENV.tenant} is no header value: remove line breaks and blanks at its ends`);
  return {
    url,
    ...(authorization && { authorization }),
    ...(caFile !== undefined && { ca: readSetting(PROMETHEUS_ENV.caFile, caFile) }),
    ...(tenant !== undefined && { tenant }),
  };
}

function parseAddress(address: string): URL {
  const shown = oneLine(address.replace(/\/\/[^/@]*@/, '//'), 200);
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw setting(
      `${shown} is no URL of a Prometheus: write it as https://prometheus.example.com or http://127.0.0.1:9090`,
    );
  if (url.username !== '' || url.password !== '')
    throw setting(
      `${shown} was given with a password: put it in ${PROMETHEUS_ENV.user} and ${PROMETHEUS_ENV.password} instead`,
    );
  url.search = '';
  url.hash = '';
  return url;
}

function authorizationOf(get: (name: keyof typeof PROMETHEUS_ENV) => string | undefined): (() => string) | undefined {
  const token = get('token');
  const tokenFile = get('tokenFile');
  const user = get('user');
  const given = [
    token && PROMETHEUS_ENV.token,
    tokenFile && PROMETHEUS_ENV.tokenFile,
    user && PROMETHEUS_ENV.user,
  ].filter(Boolean);
  if (given.length > 1) throw setting(`${given.join(' and ')} are both set: keep the one that this Prometheus wants`);
  if (token !== undefined) {
    const value = bearer(token, PROMETHEUS_ENV.token);
    return () => value;
  }
  if (tokenFile !== undefined)
    return () => bearer(readSetting(PROMETHEUS_ENV.tokenFile, tokenFile).toString('utf8'), PROMETHEUS_ENV.tokenFile);
  if (user === undefined) return undefined;
  if (user.includes(':')) throw setting(`${PROMETHEUS_ENV.user} must not hold a colon`);
  const value = `Basic ${Buffer.from(`${user}:${get('password') ?? ''}`).toString('base64')}`;
  return () => value;
}

function bearer(text: string, name: string): string {
  const token = text.trim();
  if (token === '' || !isHeaderText(token))
    throw setting(`${name} holds no token: it must be one line of printable characters`);
  return `Bearer ${token}`;
}

function isHeaderText(text: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}

function readSetting(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new UsageFailure('bad-setting', `${name} names ${oneLine(path, 200)}, which cannot be read (${code})`, {
      cause: error,
    });
  }
}

/** True for this machine. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
  );
}

/** `cluster=prod` → a matcher. Throws UsageFailure. */
export function labelMatcher(text: string): LabelMatcher {
  const match = /^([a-zA-Z_][a-zA-Z0-9_]*)=([^\u0000-\u001f]*)$/.exec(text);
  if (!match)
    throw setting(`--prometheus-label ${oneLine(text, 100)} is no label: write it as name=value, e.g. cluster=prod`);
  return { name: match[1] ?? '', value: match[2] ?? '' };
}

function setting(message: string): UsageFailure {
  return new UsageFailure('bad-setting', message);
}
