import { mkdtempSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLive, type LiveOptions, type LiveSource } from '../../../../src/cluster/live/index.ts';
import * as certs from './certificates.ts';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export type Handler = (request: Seen, response: http.ServerResponse, nth: number) => void;

export interface TestServer {
  readonly url: string;
  readonly seen: Seen[];
  readonly sockets: Set<Socket>;
  close(): Promise<void>;
}

const servers: TestServer[] = [];
const sources: LiveSource[] = [];

/** Ends whatever a test has begun. */
export async function cleanUp(): Promise<void> {
  for (const source of sources.splice(0)) source.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
}

/** A server on loopback that answers each request as the handler says; `nth` counts from 1. */
export async function serve(handler: Handler, tls: https.ServerOptions | false = certs.server): Promise<TestServer> {
  const seen: Seen[] = [];
  const answer: http.RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const entry = { method, url, headers, body: Buffer.concat(chunks).toString() };
      seen.push(entry);
      handler(entry, response, seen.length);
    });
  };
  const server = tls === false ? http.createServer(answer) : https.createServer(tls, answer);
  return listen(server, tls === false ? 'http' : 'https', seen);
}

export async function listen(
  server: http.Server | https.Server | import('node:net').Server,
  scheme: string,
  seen: Seen[] = [],
): Promise<TestServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const started: TestServer = {
    url: `${scheme}://127.0.0.1:${port}`,
    seen,
    sockets,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
  servers.push(started);
  return started;
}

export function json(
  response: http.ServerResponse,
  body: unknown,
  status = 200,
  headers: http.OutgoingHttpHeaders = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** A refusal as the API server words it. */
export function status(response: http.ServerResponse, code: number, message: string, extra: object = {}, headers = {}) {
  json(response, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code, ...extra }, code, headers);
}

export function podList(names: readonly string[], next?: string) {
  return {
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: { resourceVersion: '1', ...(next !== undefined && { continue: next }) },
    items: names.map((name) => ({ metadata: { name, namespace: 'shop', uid: `uid-${name}` } })),
  };
}

export const folder = () => mkdtempSync(join(tmpdir(), 'aiops-live-'));

export interface ConfigParts {
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
}

export const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A kubeconfig with one context, `test`; JSON is YAML. */
export function kubeconfig(server: string, parts: ConfigParts = {}, path = join(folder(), 'config')): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'c', user: 'u', ...parts.context } }],
    clusters: [
      {
        name: 'c',
        cluster: {
          server,
          ...(server.startsWith('https') && { 'certificate-authority-data': base64(certs.ca.cert) }),
          ...parts.cluster,
        },
      },
    ],
    users: [{ name: 'u', user: parts.user ?? { token: 'reader-token' } }],
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

/** Short enough for a test, long enough for a busy machine where nothing is meant to run out. */
export const quick = { connectMs: 5_000, firstByteMs: 5_000, silenceMs: 5_000, callMs: 10_000, firstWaitMs: 1 };

export async function connect(
  server: string,
  parts: ConfigParts = {},
  options: Partial<LiveOptions> = {},
): Promise<LiveSource> {
  const source = await openLive({
    kubeconfig: kubeconfig(server, parts),
    env: { HOME: '/nonexistent', PATH: process.env.PATH },
    warn: () => undefined,
    isTty: false,
    ...options,
    tuning: { ...quick, ...options.tuning },
  });
  sources.push(source);
  return source;
}

export async function names(source: LiveSource, namespace?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const page of source.list('Pod', namespace === undefined ? {} : { namespace }))
    for (const pod of page) found.push(pod.metadata.name ?? '');
  return found;
}

/** The error of a promise that must fail. */
export async function failure(promise: Promise<unknown>): Promise<Error & { reason?: string; status?: number }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}
