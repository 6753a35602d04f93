/** A scripted Prometheus on loopback that keeps every request. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Of the form body or of the URL. */
  readonly form: URLSearchParams;
}

export interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the connection after the body, before the answer is whole. */
  readonly cutOff?: boolean;
  /** Never answers. */
  readonly hang?: boolean;
}

export type Script = (request: SeenRequest) => Scripted;

export class FakePrometheus {
  readonly requests: SeenRequest[] = [];
  private constructor(
    readonly url: string,
    private readonly server: ReturnType<typeof createServer>,
  ) {}

  static async start(script: Script, tls?: { readonly cert: string; readonly key: string }): Promise<FakePrometheus> {
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const url = new URL(request.url ?? '/', 'http://127.0.0.1');
        const seen: SeenRequest = {
          method: request.method ?? '',
          path: url.pathname,
          headers: request.headers,
          form: request.method === 'POST' ? new URLSearchParams(Buffer.concat(parts).toString()) : url.searchParams,
        };
        fake.requests.push(seen);
        const { status = 200, headers = {}, body = '', cutOff = false, hang = false } = script(seen);
        if (hang) return;
        response.writeHead(status, {
          'content-type': 'application/json',
          ...headers,
          ...(cutOff && { 'content-length': String(body.length + 9) }),
        });
        if (cutOff) response.write(body, () => response.destroy());
        else response.end(body);
      });
    };
    const server = tls ? createTlsServer(tls, handle) : createServer(handle);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const fake = new FakePrometheus(
      `http${tls ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}`,
      server,
    );
    return fake;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }
}

export const success = (data: unknown, more: object = {}) => JSON.stringify({ status: 'success', data, ...more });

/** Rows of a range query: points as [seconds, text]. */
export const matrix = (
  rows: readonly { readonly metric: object; readonly values: readonly (readonly [number, string])[] }[],
  more: object = {},
) => success({ resultType: 'matrix', result: rows }, more);

/** Rows of an instant query. */
export const vector = (
  rows: readonly { readonly metric: object; readonly value: readonly [number, string] }[],
  more: object = {},
) => success({ resultType: 'vector', result: rows }, more);

export const failure = (errorType: string, error: string) => JSON.stringify({ status: 'error', errorType, error });
