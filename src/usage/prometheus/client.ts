import * as http from 'node:http';
import * as https from 'node:https';
import { oneLine, redactLine } from '../../domain/index.ts';
import {
  HttpFailure,
  retryAfterMs,
  retrying,
  seconds,
  send,
  sleep,
  type Attempt,
  type HttpAnswer,
} from '../../platform/index.ts';
import { UsageFailure } from '../failure.ts';
import { isLoopback, PROMETHEUS_ENV, type PrometheusAccess } from './access.ts';
import { NotAnAnswer, type AnswerParser, type Head } from './parser.ts';

/** One request that was made, for people who ask what was asked. */
export interface QueryNote {
  /** e.g. `memory, 250 containers`. */
  readonly name: string;
  readonly elapsedMs: number;
  readonly bytes: number;
  /** Empty when it was answered. */
  readonly failure: string;
}

/** No answer. */
export interface NoAnswer {
  readonly why: string;
  readonly reason: UsageFailure['reason'];
  /** It was too much at once: the halves may work. */
  readonly tooMuch: boolean;
  /** No other question will be answered either. */
  readonly final: boolean;
}

/** Numbers that tests shorten; ms. */
export interface ClientTuning {
  readonly callMs: number;
  readonly connectMs: number;
  readonly silenceMs: number;
  readonly firstWaitMs: number;
  readonly tries: number;
  readonly maxBytes: number;
}

const TUNING: ClientTuning = {
  callMs: 60_000,
  connectMs: 5_000,
  silenceMs: 10_000,
  firstWaitMs: 250,
  tries: 4,
  maxBytes: 64 * 1024 * 1024,
};

export interface ClientOptions {
  readonly access: PrometheusAccess;
  /** Ends everything that is under way, with its reason. */
  readonly signal?: AbortSignal;
  readonly onQuery?: (note: QueryNote) => void;
  readonly tuning?: Partial<ClientTuning>;
}

/** Reading queries of one Prometheus, counted; each within its deadlines, repeated where that can help. */
export class PrometheusClient {
  /** Requests that were sent. */
  queries = 0;
  /** The server's clock at its last answer, ms since the epoch; undefined when it names none. */
  serverMs: number | undefined;
  private readonly tuning: ClientTuning;
  private readonly agent: http.Agent;
  private readonly base: string;

  constructor(private readonly options: ClientOptions) {
    const { url, ca } = options.access;
    this.tuning = { ...TUNING, ...options.tuning };
    this.base = url.href.replace(/\/+$/, '');
    this.agent =
      url.protocol === 'https:'
        ? new https.Agent({ keepAlive: true, rejectUnauthorized: true, ...(ca && { ca }) })
        : new http.Agent({ keepAlive: true });
  }

  /** A query of `query` or `query_range`; its rows go to a new parser at each try. */
  async ask(
    name: string,
    path: 'query' | 'query_range',
    form: Readonly<Record<string, string>>,
    parser: () => AnswerParser,
  ): Promise<Head | NoAnswer> {
    return this.repeat<Head>(name, async (signal, note) => {
      const reader = parser();
      let broken: unknown;
      const answer = await this.send(path, 'POST', new URLSearchParams(form).toString(), signal, (chunk) => {
        note.bytes += chunk.length;
        if (note.bytes > this.tuning.maxBytes)
          broken = new HttpFailure('too-large', 'the answer is larger than the cap on one body');
        if (broken !== undefined) return false;
        try {
          reader.write(chunk);
        } catch (error) {
          broken = error;
        }
        return broken === undefined;
      });
      if (broken !== undefined) throw broken as Error;
      if (answer.status !== 200) return this.refusal(answer);
      const head = reader.end();
      if (head.status === 'success') return { done: head };
      return { done: this.saidNo(200, head) };
    });
  }

  /** The values of a label within matching series; of GET alone, so the question must be short. */
  async labelValues(
    label: string,
    match: string,
    startMs: number,
    endMs: number,
  ): Promise<readonly string[] | NoAnswer> {
    return this.repeat<readonly string[]>(`values of label ${label}`, async (signal, note) => {
      const query = new URLSearchParams({ 'match[]': match, start: stamp(startMs), end: stamp(endMs) });
      const answer = await this.send(`label/${label}/values?${query.toString()}`, 'GET', undefined, signal);
      note.bytes = answer.body.length;
      if (answer.status !== 200) return this.refusal(answer);
      const { status, data } = errorBody(answer) as { status?: unknown; data?: unknown };
      if (status !== 'success' || !Array.isArray(data)) throw new NotAnAnswer('it does not begin as JSON');
      return { done: data.filter((v): v is string => typeof v === 'string') };
    });
  }

  close(): void {
    this.agent.destroy();
  }

  private async repeat<T>(
    name: string,
    attempt: (signal: AbortSignal, note: { bytes: number }) => Promise<Attempt<T | NoAnswer>>,
  ): Promise<T | NoAnswer> {
    const { signal } = this.options;
    const policy = {
      tries: this.tuning.tries,
      firstWaitMs: this.tuning.firstWaitMs,
      until: performance.now() + this.tuning.callMs,
      clock: () => performance.now(),
      sleep: (ms: number) => sleep(ms, signal),
      random: Math.random,
    };
    return retrying(policy, async () => {
      this.queries++;
      const begun = performance.now();
      const note = { bytes: 0 };
      const over = AbortSignal.timeout(this.tuning.callMs);
      let outcome: Attempt<T | NoAnswer>;
      try {
        outcome = await attempt(signal ? AbortSignal.any([signal, over]) : over, note);
      } catch (error) {
        if (signal?.aborted === true) throw error;
        outcome = this.failure(error, over.aborted);
      }
      const result = 'done' in outcome ? outcome.done : outcome.again;
      this.options.onQuery?.({
        name,
        elapsedMs: performance.now() - begun,
        bytes: note.bytes,
        failure: isNoAnswer(result) ? result.why : '',
      });
      return outcome;
    });
  }

  private async send(
    path: string,
    method: 'GET' | 'POST',
    body: string | undefined,
    signal: AbortSignal,
    sink?: (chunk: Buffer) => boolean,
  ): Promise<HttpAnswer> {
    const { access } = this.options;
    const authorization = access.authorization?.();
    const answer = await send({
      method,
      url: new URL(`${this.base}/api/v1/${path}`),
      agent: this.agent,
      signal,
      maxBytes: 1024 * 1024,
      deadlines: {
        connectMs: this.tuning.connectMs,
        firstByteMs: this.tuning.callMs,
        silenceMs: this.tuning.silenceMs,
      },
      headers: {
        accept: 'application/json',
        'user-agent': 'aiops',
        // Over a network the answers are a tenth; on this machine compressing takes longer than sending.
        ...(!isLoopback(access.url.hostname) && { 'accept-encoding': 'gzip' }),
        ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(authorization !== undefined && { authorization }),
        ...(access.tenant !== undefined && { 'x-scope-orgid': access.tenant }),
      },
      ...(body !== undefined && { body }),
      ...(sink && { sink }),
    });
    const date = Date.parse(answer.headers.date ?? '');
    if (!Number.isNaN(date)) this.serverMs = date;
    return answer;
  }

  /** An answer that is no success. */
  private refusal(answer: HttpAnswer): Attempt<NoAnswer> {
    const { status } = answer;
    const said = errorBody(answer);
    const no = this.saidNo(status, said);
    if (status === 429 || (status >= 500 && status !== 503 && status !== 504)) {
      const waitMs = retryAfterMs(answer.headers['retry-after'], Date.now());
      return { again: no, ...(waitMs !== undefined && { waitMs }) };
    }
    if (status >= 300 && status < 400) {
      const to = oneLine((answer.headers.location ?? '').replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/, ''), 200);
      return {
        done: this.no(
          'not-prometheus',
          `${this.base} sends elsewhere${to && ` (${to})`}, which is not followed: give the final address`,
          { final: true },
        ),
      };
    }
    return { done: no };
  }

  private saidNo(
    status: number,
    { errorType, error }: { readonly errorType?: unknown; readonly error?: unknown },
  ): NoAnswer {
    const words = typeof error === 'string' ? oneLine(redactLine(error), 300) : '';
    const text = `${status}${words && `: ${words}`}`;
    if (status === 401 || status === 403)
      return this.no(
        'unauthorized',
        `${this.base} refuses the credential (${text}): set ${PROMETHEUS_ENV.token}, ${PROMETHEUS_ENV.tokenFile} or ${PROMETHEUS_ENV.user}, and ${PROMETHEUS_ENV.tenant} where tenants are kept apart`,
        { final: true },
      );
    if (status === 404)
      return this.no(
        'not-prometheus',
        `${this.base} has no query API (${text}): give the address up to what stands before /api/v1`,
        { final: true },
      );
    const tooMuch = [413, 422, 503, 504].includes(status) || errorType === 'timeout' || errorType === 'execution';
    if (!tooMuch && status === 200 && words === '')
      return this.no('not-prometheus', `${this.base} answered JSON that is no answer of Prometheus`, { final: true });
    return this.no('refused', `${this.base} answered ${text}`, { tooMuch });
  }

  private failure(error: unknown, isOver: boolean): Attempt<NoAnswer> {
    if (isOver)
      return {
        done: this.no('refused', `${this.base} gave no answer within ${seconds(this.tuning.callMs)}`, {
          tooMuch: true,
        }),
      };
    if (error instanceof UsageFailure) return { done: this.no(error.reason, error.message, { final: true }) };
    if (error instanceof NotAnAnswer)
      return {
        done: this.no(
          'not-prometheus',
          `${this.base} answered something else than Prometheus does (${error.message}): is it a login page or another service?`,
          { final: true },
        ),
      };
    if (!(error instanceof HttpFailure)) return { done: this.no('refused', `${this.base}: ${oneLine(String(error))}`) };
    switch (error.kind) {
      case 'first-byte-timeout':
      case 'too-large':
        return { done: this.no('refused', `${this.base}: ${error.message}`, { tooMuch: true }) };
      case 'silence':
        return { done: this.no('refused', `${this.base}: ${error.message}`, { tooMuch: true }) };
      case 'reset':
        return { again: this.no('unreachable', `the connection to ${this.base} broke: ${oneLine(error.message)}`) };
      case 'connect-timeout':
      case 'refused':
        return { done: this.no('unreachable', unreachableText(this.base, error), { final: true }) };
    }
  }

  private no(reason: UsageFailure['reason'], why: string, more: { tooMuch?: boolean; final?: boolean } = {}): NoAnswer {
    return { reason, why, tooMuch: more.tooMuch ?? false, final: more.final ?? false };
  }
}

export function isNoAnswer(value: unknown): value is NoAnswer {
  return typeof value === 'object' && value !== null && 'tooMuch' in value;
}

/** Seconds since the epoch, as the API takes them. */
export function stamp(ms: number): string {
  return String(ms / 1000);
}

function errorBody(answer: HttpAnswer): { readonly errorType?: unknown; readonly error?: unknown } {
  try {
    const value: unknown = JSON.parse(answer.body.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    const text = answer.body.subarray(0, 2048).toString('utf8').trim();
    const title = /<title>([^<]{1,200})/i.exec(text)?.[1];
    return { error: text.startsWith('<') ? `a web page${title === undefined ? '' : ` "${title}"`}` : text };
  }
}

function unreachableText(base: string, error: HttpFailure): string {
  const said = oneLine(error.message, 200);
  switch (error.code) {
    case 'ECONNREFUSED':
      return `connection refused by ${base}: is the port-forward running?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name of ${base} cannot be resolved (${error.code}): check the spelling, DNS and the VPN`;
    default:
      return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(error.code ?? '')
        ? `the certificate of ${base} cannot be trusted (${error.code ?? ''}): name its authority in ${PROMETHEUS_ENV.caFile}`
        : `no connection to ${base}: ${said}`;
  }
}
