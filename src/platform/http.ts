import * as http from 'node:http';
import * as https from 'node:https';
import { TLSSocket } from 'node:tls';
import { createGunzip } from 'node:zlib';

/** How long each part of a call may take, in ms. A whole call is bounded by its signal. */
export interface Deadlines {
  /** Name resolution, TCP, proxy and TLS. */
  readonly connectMs: number;
  /** From the sent request to the first byte of the answer. */
  readonly firstByteMs: number;
  /** Between two pieces of the answer. */
  readonly silenceMs: number;
}

export const defaultDeadlines: Deadlines = { connectMs: 5_000, firstByteMs: 10_000, silenceMs: 10_000 };

export interface HttpCall {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly agent?: http.Agent;
  readonly deadlines?: Partial<Deadlines>;
  /** Ends the call with its reason. */
  readonly signal?: AbortSignal;
  /** A longer answer is a failure of kind `too-large`; counted after decompression. */
  readonly maxBytes: number;
  /** Takes the body of a 2xx answer piece by piece, instead of it being kept; false: enough. */
  readonly sink?: (chunk: Buffer) => boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: http.IncomingHttpHeaders;
  /** Empty when a sink took it. */
  readonly body: Buffer;
}

/** `reset`: the connection ended before the answer did; `refused`: no answer by the peer's or the network's word. */
export type HttpFailureKind = 'connect-timeout' | 'first-byte-timeout' | 'silence' | 'reset' | 'too-large' | 'refused';

/** A call that brought no whole answer. `code` is Node's, e.g. ECONNREFUSED, CERT_HAS_EXPIRED. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly code: string | undefined;
  constructor(
    readonly kind: HttpFailureKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    const code = (options?.cause as NodeJS.ErrnoException | undefined)?.code;
    this.code = typeof code === 'string' ? code : undefined;
  }
}

const RESETS = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/**
 * One request and its whole answer. Redirects are answers: a credential never follows one. Fails with HttpFailure, or
 * with the reason of the signal.
 */
export function send(call: HttpCall): Promise<HttpAnswer> {
  const limits = { ...defaultDeadlines, ...call.deadlines };
  return new Promise((resolve, reject) => {
    if (call.signal?.aborted === true) {
      reject(asError(call.signal.reason));
      return;
    }
    const transport = call.url.protocol === 'http:' ? http : https;
    const request = transport.request(call.url, {
      method: call.method,
      headers: { ...call.headers, ...(call.body !== undefined && { 'content-length': Buffer.byteLength(call.body) }) },
      agent: call.agent,
      // Proxy agents take it as the deadline of their own request.
      timeout: limits.connectMs,
    });
    let timer: NodeJS.Timeout | undefined;
    let settled = false;
    const arm = (ms: number, kind: HttpFailureKind, what: string) => {
      clearTimeout(timer);
      if (settled) return;
      timer = setTimeout(() => {
        settle(new HttpFailure(kind, `${what} within ${seconds(ms)}`));
      }, ms);
    };
    const onAbort = () => {
      settle(asError(call.signal?.reason));
    };
    const settle = (outcome: HttpAnswer | Error, keepConnection = false) => {
      settled = true;
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', onAbort);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
      if (!keepConnection) request.destroy();
    };
    call.signal?.addEventListener('abort', onAbort);

    arm(limits.connectMs, 'connect-timeout', 'no connection');
    const connected = () => {
      arm(limits.firstByteMs, 'first-byte-timeout', 'no answer');
    };
    request.once('socket', (socket) => {
      const secure = socket instanceof TLSSocket;
      if (request.reusedSocket || (!secure && !socket.connecting)) connected();
      else socket.once(secure ? 'secureConnect' : 'connect', connected);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      const reset = RESETS.has(error.code ?? '');
      settle(new HttpFailure(reset ? 'reset' : 'refused', error.message, { cause: error }));
    });
    request.once('response', (response) => {
      receive(response, call, () => {
        arm(limits.silenceMs, 'silence', 'the answer stopped and did not go on');
      }).then(
        ({ body, ended }) => {
          const { statusCode = 0, statusMessage = '', headers } = response;
          settle({ status: statusCode, statusText: statusMessage, headers, body }, ended);
        },
        (error: unknown) => {
          settle(asError(error));
        },
      );
    });
    request.end(call.body);
  });
}

/** Reads a body to its end, to the sink's satisfaction or to the cap. `progress` is called at each piece. */
function receive(
  response: http.IncomingMessage,
  call: HttpCall,
  progress: () => void,
): Promise<{ body: Buffer; ended: boolean }> {
  return new Promise((resolve, reject) => {
    progress();
    const status = response.statusCode ?? 0;
    const sink = status >= 200 && status < 300 ? call.sink : undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    const gunzip = response.headers['content-encoding'] === 'gzip' ? response.pipe(createGunzip()) : undefined;
    const failed = (error: NodeJS.ErrnoException) => {
      reject(new HttpFailure('reset', `the answer was cut off: ${error.message}`, { cause: error }));
    };
    response.on('error', failed);
    response.on('close', () => {
      if (!response.complete) failed(new Error('connection closed'));
    });
    if (gunzip) response.on('data', progress);
    (gunzip ?? response)
      .on('data', (chunk: Buffer) => {
        progress();
        size += chunk.length;
        if (sink) {
          if (!sink(chunk)) resolve({ body: Buffer.alloc(0), ended: false });
        } else if (size > call.maxBytes)
          reject(new HttpFailure('too-large', `the answer is larger than ${mebibytes(call.maxBytes)}`));
        else chunks.push(chunk);
      })
      .on('end', () => {
        resolve({ body: sink ? Buffer.alloc(0) : Buffer.concat(chunks, size), ended: true });
      })
      .on('error', failed);
  });
}

export interface RetryPolicy {
  /** The first one included. */
  readonly tries: number;
  /** Before the second try; doubled before each further one. ms. */
  readonly firstWaitMs: number;
  /** A wait that would end after this moment is not begun. ms, as `clock` counts. */
  readonly until: number;
  /** Monotonic. */
  readonly clock: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** 0 … 1 */
  readonly random: () => number;
}

/** What an attempt says: done, or worth another try – after the wait that the peer asked for, if it did. */
export type Attempt<T> = { readonly done: T } | { readonly again: T | Error; readonly waitMs?: number };

/** Runs attempts until one is done, the tries are used up, or the next would start too late; then the last one counts. */
export async function retrying<T>(policy: RetryPolicy, attempt: () => Promise<Attempt<T>>): Promise<T> {
  for (let n = 1; ; n++) {
    const outcome = await attempt();
    if ('done' in outcome) return outcome.done;
    const wait = backoffMs(policy, n, outcome.waitMs);
    if (n >= policy.tries || policy.clock() + wait >= policy.until) {
      if (outcome.again instanceof Error) throw outcome.again;
      return outcome.again;
    }
    await policy.sleep(wait);
  }
}

/** Exponential, the upper half of it random; never shorter than what the peer asked for, which is stretched by up to a tenth. */
function backoffMs(policy: RetryPolicy, tried: number, asked = 0): number {
  const full = policy.firstWaitMs * 2 ** (tried - 1);
  return Math.max(full / 2 + (policy.random() * full) / 2, asked * (1 + policy.random() / 10));
}

/** Retry-After in ms: seconds or a date; undefined when there is none or it cannot be read. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** Waits; ends early with the signal's reason. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(asError(signal.reason));
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(asError(signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** `5 s`, `1.5 s` */
export function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function mebibytes(bytes: number): string {
  return `${Math.round((bytes / 1024 / 1024) * 10) / 10} MiB`;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
