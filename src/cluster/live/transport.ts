import type { Agent } from 'node:http';
import {
  HttpFailure,
  retryAfterMs,
  retrying,
  send,
  sleep,
  seconds,
  type Attempt,
  type Deadlines,
  type HttpAnswer,
  type RetryPolicy,
} from '../../platform/index.ts';
import { makeAgent } from './agent.ts';
import type { Credential, Credentials } from './auth.ts';
import type { ClusterConfig } from './config.ts';
import { Ended } from './errors.ts';
import { isLoopback } from './proxy.ts';

/** The questions about our own rights: the only requests that are not a GET, and they change nothing. */
export type Review = 'selfsubjectaccessreviews' | 'selfsubjectrulesreviews';
const REVIEWS: ReadonlySet<string> = new Set<Review>(['selfsubjectaccessreviews', 'selfsubjectrulesreviews']);

export interface TransportOptions {
  readonly config: ClusterConfig;
  readonly credentials: Credentials;
  /** User info included; undefined: direct. */
  readonly proxy?: string;
  /** Ends everything that is under way, with its reason. */
  readonly signal: AbortSignal;
  readonly tuning?: Partial<Tuning>;
}

/** Numbers that tests shorten. ms unless named otherwise. */
export interface Tuning extends Deadlines {
  readonly callMs: number;
  readonly firstWaitMs: number;
  readonly tries: number;
  readonly concurrency: number;
  readonly maxBytes: number;
  readonly random: () => number;
}

const TUNING: Tuning = {
  connectMs: 5_000,
  firstByteMs: 10_000,
  silenceMs: 10_000,
  callMs: 30_000,
  firstWaitMs: 250,
  tries: 4,
  concurrency: 8,
  maxBytes: 64 * 1024 * 1024,
  random: Math.random,
};

export interface CallOptions {
  readonly accept?: string;
  /** Where that is less than a call may take anyway. ms. */
  readonly atMostMs?: number;
  readonly tries?: number;
  /** Made anew for each try, since a try may have brought half an answer. */
  readonly sink?: () => (chunk: Buffer) => boolean;
}

export interface CallAnswer extends HttpAnswer {
  /** Without the time spent waiting for a turn. */
  readonly elapsedMs: number;
  /** What was shown to the server. */
  readonly credential: Credential;
}

/**
 * Requests to one API server: at most a few at a time, with the user's credential, each within its deadlines, repeated
 * where that can help. Answers of any status are answers. It can send GET and the two reviews, and nothing else.
 */
export class Transport {
  /** The server's clock minus ours, ms; 0 until it has answered. */
  clockOffset = 0;
  private hasClock = false;
  private readonly tuning: Tuning;
  private readonly turns: Turns;
  private agent: { readonly made: Promise<Agent>; readonly credential: Credential } | undefined;
  private down: { readonly error: HttpFailure; readonly until: number } | undefined;
  private answeredAt = -Infinity;
  private readonly headers: Readonly<Record<string, string | readonly string[]>>;

  constructor(private readonly options: TransportOptions) {
    this.tuning = { ...TUNING, ...options.tuning };
    this.turns = new Turns(this.tuning.concurrency);
    this.headers = { 'user-agent': 'aiops', ...impersonation(options.config), ...compression(options) };
  }

  /** A read. `path` begins with a slash and is encoded. */
  get(path: string, options: CallOptions = {}): Promise<CallAnswer> {
    return this.call('GET', path, undefined, options);
  }

  /** Asks what we may do. */
  review(review: Review, spec: Readonly<Record<string, unknown>>): Promise<CallAnswer> {
    if (!REVIEWS.has(review)) throw new Error(`aiops reads: it has no request for ${review}`);
    const kind = review === 'selfsubjectaccessreviews' ? 'SelfSubjectAccessReview' : 'SelfSubjectRulesReview';
    const body = JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind, spec });
    return this.call('POST', `/apis/authorization.k8s.io/v1/${review}`, body, {});
  }

  close(): void {
    void this.agent?.made.then(
      (agent) => {
        agent.destroy();
      },
      () => undefined,
    );
  }

  private async call(method: 'GET' | 'POST', path: string, body: string | undefined, options: CallOptions) {
    this.failFast();
    // A plugin that logs a person in takes its own time, which is not the server's.
    let credential = await this.options.credentials.current();
    return this.turns.take(async () => {
      this.failFast();
      for (let renewals = 0; ; renewals++) {
        const answer = await this.timed({ method, path, body, credential, ...options });
        if (answer.status !== 401) {
          this.options.credentials.accept(credential);
          return answer;
        }
        const fresh = renewals === 0 ? await this.options.credentials.renew(credential) : undefined;
        if (!fresh) return answer;
        credential = fresh;
      }
    });
  }

  /** All tries of a call together, within its deadline. */
  private async timed(request: Request): Promise<CallAnswer> {
    const callMs = Math.min(request.atMostMs ?? Infinity, this.tuning.callMs);
    const started = performance.now();
    const limit = limited(callMs, this.options.signal);
    const policy: RetryPolicy = {
      tries: request.tries ?? this.tuning.tries,
      firstWaitMs: this.tuning.firstWaitMs,
      until: started + callMs,
      clock: () => performance.now(),
      sleep: (ms) => sleep(ms, limit.signal),
      random: this.tuning.random,
    };
    try {
      const answer = await retrying(policy, () => this.attempt(request, limit.signal));
      return { ...answer, elapsedMs: performance.now() - started, credential: request.credential };
    } finally {
      limit.end();
    }
  }

  private async attempt(request: Request, signal: AbortSignal): Promise<Attempt<HttpAnswer>> {
    const { credential, body } = request;
    const agent = await this.agentFor(credential);
    const started = performance.now();
    try {
      const answer = await send({
        method: request.method,
        url: new URL(this.options.config.cluster.server.replace(/\/+$/, '') + request.path),
        headers: {
          ...this.headers,
          accept: request.accept ?? 'application/json',
          ...(credential.authorization !== undefined && { authorization: credential.authorization }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body }),
        agent,
        deadlines: this.tuning,
        signal,
        maxBytes: this.tuning.maxBytes,
        ...(request.sink && { sink: request.sink() }),
      });
      this.noteAnswer(answer);
      if (!isWorthRetrying(answer.status)) return { done: answer };
      const waitMs = retryAfterMs(answer.headers['retry-after'], Date.now() + this.clockOffset);
      return { again: answer, ...(waitMs !== undefined && { waitMs }) };
    } catch (error) {
      if (error instanceof HttpFailure) {
        this.noteFailure(error, started);
        if (error.kind === 'reset') return { again: error };
      }
      throw error;
    }
  }

  private noteAnswer(answer: HttpAnswer): void {
    this.answeredAt = performance.now();
    this.down = undefined;
    const date = Date.parse(answer.headers.date ?? '');
    if (Number.isNaN(date)) return;
    // The header has whole seconds: the middle of that second is the best guess, and small steps are noise.
    const offset = date + 500 - Date.now();
    if (this.hasClock && Math.abs(offset - this.clockOffset) < 2_000) return;
    this.clockOffset = Math.abs(offset) < 1_000 ? 0 : offset;
    this.hasClock = true;
  }

  /** Where nobody answers, the reads that wait behind this one need not each find that out for themselves. */
  private noteFailure(error: HttpFailure, started: number): void {
    if (error.kind !== 'connect-timeout' && error.kind !== 'refused') return;
    if (this.answeredAt < started) this.down = { error, until: performance.now() + this.tuning.connectMs };
  }

  private failFast(): void {
    this.options.signal.throwIfAborted();
    if (this.down && performance.now() < this.down.until) throw this.down.error;
  }

  private agentFor(credential: Credential): Promise<Agent> {
    const { agent } = this;
    if (agent && agent.credential.cert === credential.cert && agent.credential.key === credential.key)
      return agent.made;
    const made = makeAgent(this.options.config, credential, this.options.proxy, this.tuning.connectMs);
    this.agent = { made, credential };
    return made;
  }
}

interface Request extends CallOptions {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string | undefined;
  readonly credential: Credential;
}

function isWorthRetrying(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

function impersonation({ user, userFields }: ClusterConfig): Readonly<Record<string, string | readonly string[]>> {
  if (!user.impersonateUser) return {};
  const groups = userFields['as-groups'];
  const uid = userFields['as-uid'];
  const extra = Object.entries((userFields['as-user-extra'] ?? {}) as Readonly<Record<string, unknown>>);
  return {
    'impersonate-user': user.impersonateUser,
    ...(Array.isArray(groups) && { 'impersonate-group': groups.map(String) }),
    ...(typeof uid === 'string' && { 'impersonate-uid': uid }),
    ...Object.fromEntries(
      extra.flatMap(([key, values]) =>
        Array.isArray(values) ? [[`impersonate-extra-${encodeURIComponent(key)}`, values.map(String)]] : [],
      ),
    ),
  };
}

/** Worth it over a network; on the same machine it only costs both sides time. */
function compression({ config }: TransportOptions): Readonly<Record<string, string>> {
  return isLoopback(new URL(config.cluster.server).hostname) ? {} : { 'accept-encoding': 'gzip' };
}

/** A signal that ends with the parent or when the time is over. */
function limited(ms: number, parent: AbortSignal): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const onAbort = () => {
    controller.abort(parent.reason);
  };
  parent.addEventListener('abort', onAbort);
  if (parent.aborted) onAbort();
  const timer = setTimeout(() => {
    controller.abort(new Ended(`not finished within ${seconds(ms)}`));
  }, ms);
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      parent.removeEventListener('abort', onAbort);
    },
  };
}

/** Lets a few pieces of work run at a time, in the order of their coming. */
class Turns {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(places: number) {
    this.free = places;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}
